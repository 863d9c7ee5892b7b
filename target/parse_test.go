package target

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hermes-soak/soak"
)

const statTail = " 1 42 42 0 -1 4194560 90 0 0 0 0 0 0 0 20 0 1 0 987654 2367488 180 18446744073709551615\n"

// ending is statTail of a process that ends and is no zombie yet.
var ending = strings.Replace(statTail, "4194560", "4194564", 1)

func TestParseStat(t *testing.T) {
	for text, want := range map[string]stat{
		"42 (sh) R" + ending:              {Identity{42, 987654}, "sh", 'R', 1, true, 1, 0},
		"42 (sh) S" + statTail:            {Identity{42, 987654}, "sh", 'S', 1, false, 1, 0},
		"42 (a b) c) (d) R" + statTail:    {Identity{42, 987654}, "a b) c) (d", 'R', 1, false, 1, 0},
		"42 (two\nlines) Z" + statTail:    {Identity{42, 987654}, "two\nlines", 'Z', 1, false, 1, 0},
		"42 (())))) D" + statTail:         {Identity{42, 987654}, "())))", 'D', 1, false, 1, 0},
		"42 (S 7 (x) 1 2 3) T" + statTail: {Identity{42, 987654}, "S 7 (x) 1 2 3", 'T', 1, false, 1, 0},
	} {
		got, err := parseStat([]byte(text))
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "42", "42 (sh", "42 sh)", ")(", "42 (sh) S 1 2", "x (sh) S" + statTail, "42 (sh) S" + strings.Replace(statTail, "4194560", "x", 1), "42 (sh) SS" + statTail} {
		if got, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q: %+v, want an error", text, got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (a b) c) S" + statTail))
	f.Add([]byte("42 (sh"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if st, err := parseStat(text); err != nil && st != (stat{}) {
			t.Errorf("%q: an error and %+v", text, st)
		}
	})
}

// TestDescendants compares with a definition, on tables of any shape: what is
// below pid is what reaches it by its parents.
func TestDescendants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parents := rapid.SliceOfN(rapid.IntRange(0, 9), 10, 10).Draw(t, "parents")
		var table []stat
		for pid, parent := range parents {
			table = append(table, stat{Identity: Identity{PID: pid}, ppid: parent})
		}
		root := rapid.IntRange(0, 9).Draw(t, "root")
		var want []int
		for pid := range parents {
			p := pid
			for range parents {
				if p = parents[p]; p == root && pid != root {
					want = append(want, pid)
					break
				}
			}
		}
		var got []int
		for _, st := range descendants(table, root) {
			if st.ppid != root && !slices.Contains(got, st.ppid) {
				t.Fatalf("%d comes before its parent %d", st.PID, st.ppid)
			}
			got = append(got, st.PID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("below %d: %v, want %v", root, got, want)
		}
	})
}

const limitsHead = "Limit                     Soft Limit           Hard Limit           Units     \n" +
	"Max cpu time              unlimited            unlimited            seconds   \n"

func TestParseLimits(t *testing.T) {
	for line, want := range map[string]int64{
		"Max open files            1024                 4096                 files     \n": 1024,
		"Max open files            unlimited            unlimited            files     \n": math.MaxInt64,
		"Max open files            18446744073709551615 unlimited            files     \n": math.MaxInt64,
		"Max open files            0                    0                    files     \n": 0,
	} {
		if got, err := parseLimits([]byte(limitsHead + line)); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", line, got, err, want)
		}
	}
	for _, text := range []string{"", limitsHead, limitsHead + "Max open files", "Max open files -1 2 files"} {
		if got, err := parseLimits([]byte(text)); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func FuzzParseLimits(f *testing.F) {
	f.Add([]byte(limitsHead + "Max open files            1024                 4096                 files     \n"))
	f.Add([]byte("Max open files unlimited unlimited files"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if soft, err := parseLimits(text); soft < 0 || err != nil && soft != 0 {
			t.Errorf("%q: %d, %v", text, soft, err)
		}
	})
}

const tcpText = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2253 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2253 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C350 0100007F:2253 08 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000000000000000 20 4 30 10 -1
`

const tcp6Text = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 6 1 0 100 0 0 10 0
`

func anyState(uint8) bool { return true }

func TestParseTCP(t *testing.T) {
	for text, want := range map[string][]tcpRow{
		tcpText: {
			{netip.MustParseAddrPort("127.0.0.1:8787"), tcpListen, 3, 4242, 1000},
			{netip.MustParseAddrPort("127.0.0.1:8787"), tcpEstablished, 0, 0, 0},
			{netip.MustParseAddrPort("127.0.0.1:50000"), 8, 0, 77, 1000},
		},
		tcp6Text: {
			{netip.MustParseAddrPort("[::1]:8080"), tcpListen, 0, 5, 0},
			{netip.MustParseAddrPort("127.0.0.1:8080"), tcpEstablished, 0, 6, 0},
		},
		"": nil,
	} {
		got, err := parseTCP([]byte(text), anyState)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q:\n%+v, %v; want\n%+v", text, got, err, want)
		}
	}
	twice, err := parseTCP([]byte(tcpText+tcpText[strings.IndexByte(tcpText, '\n')+1:]), anyState)
	once, _ := parseTCP([]byte(tcpText), anyState)
	if err != nil || len(once) == 0 || !slices.Equal(twice, once) {
		t.Errorf("rows shown twice: %+v, %v; want %+v", twice, err, once)
	}
	only, err := parseTCP([]byte(tcpText), func(state uint8) bool { return state == tcpListen })
	if err != nil || len(only) != 1 {
		t.Errorf("listeners: %+v, %v", only, err)
	}
	for _, line := range []string{
		"0: 0100007F:2253 00000000:0000 0A",
		"0: 0100007:2253 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"0: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 1",
		"0: 0100007F:2253 00000000:0000 XX 0:0 0:0 0 0 0 1",
		"0: 0100007F:2253 00000000:0000 0A 0:0 0:0 0 0 0 -1",
	} {
		if got, err := parseTCP([]byte("heading\n"+line), anyState); err == nil {
			t.Errorf("%q: %+v, want an error", line, got)
		}
	}
}

func FuzzParseTCP(f *testing.F) {
	f.Add([]byte(tcpText))
	f.Add([]byte(tcp6Text))
	f.Add([]byte("heading\n0: 0100007:2253 x 0A 0:0 0:0 0 0 0 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parseTCP(text, anyState)
		if err != nil && rows != nil {
			t.Errorf("%q: an error and %+v", text, rows)
		}
		for _, row := range rows {
			if !row.local.IsValid() {
				t.Errorf("%q: %+v", text, row)
			}
		}
	})
}

func TestClassify(t *testing.T) {
	for link, want := range map[string]handle{
		"socket:[123]":              {soak.GaugeSocket, "socket", "", false},
		"pipe:[9]":                  {soak.GaugePipe, "pipe", "", false},
		"anon_inode:[eventpoll]":    {soak.GaugeAnon, "anon_inode:[eventpoll]", "", false},
		"anon_inode:inotify":        {soak.GaugeAnon, "anon_inode:inotify", "", false},
		"net:[4026531840]":          {soak.GaugeAnon, "net", "", false},
		"/memfd:x (deleted)":        {soak.GaugeAnon, "/memfd:x", "", false},
		"/h/state.db":               {soak.GaugeFile, "/h/state.db", "/h/state.db", false},
		"/h/state.db (deleted)":     {soak.GaugeFile, "/h/state.db (deleted)", "/h/state.db", true},
		"/h/two\nlines and a space": {soak.GaugeFile, "/h/two\nlines and a space", "/h/two\nlines and a space", false},
		"(unreachable)/h/x":         {soak.GaugeFile, "(unreachable)/h/x", "(unreachable)/h/x", false},
		"/dev/null":                 {soak.GaugeDevice, "/dev/null", "/dev/null", false},
		"/dev/ptmx":                 {soak.GaugePTY, "/dev/ptmx", "/dev/ptmx", false},
		"/dev/pts/3 (deleted)":      {soak.GaugePTY, "/dev/pts/3 (deleted)", "/dev/pts/3", true},
		"/dev/shm/x":                {soak.GaugeFile, "/dev/shm/x", "/dev/shm/x", false},
		"/home/socket:[1]":          {soak.GaugeFile, "/home/socket:[1]", "/home/socket:[1]", false},
	} {
		if got := classify(link, ""); got != want {
			t.Errorf("%q: %+v, want %+v", link, got, want)
		}
	}
	if got := classify("/h/fifo", soak.GaugePipe).kind; got != soak.GaugePipe {
		t.Errorf("a FIFO is a %s", got)
	}
}

// TestTallyForgets: names that come once each do not pile up, those in use stay.
func TestTallyForgets(t *testing.T) {
	tl := newTally(nil)
	for round := range 10 {
		tl.begin()
		for i := range maxIdleNames {
			link := string(rune('a'+round)) + string(rune('0'+i))
			tl.add(tl.learn(link, handle{kind: soak.GaugeFile, key: link}))
		}
		tl.commit()
	}
	if got := len(tl.names); got > 4*maxIdleNames {
		t.Errorf("%d names are remembered", got)
	}
	if got := len(tl.table()); got != maxIdleNames {
		t.Errorf("the table of the last round has %d rows, want %d", got, maxIdleNames)
	}
}
