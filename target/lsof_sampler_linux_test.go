package target

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// fakeMachine answers a lsofSampler; the last of its answers is given for ever.
type fakeMachine struct {
	tables [][]stat
	shown  [][]lsofProcess
	asked  [][]int
}

func next[T any](answers *[]T) T {
	a := (*answers)[0]
	if len(*answers) > 1 {
		*answers = (*answers)[1:]
	}
	return a
}

func (m *fakeMachine) sampler(patterns ...string) *lsofSampler {
	var groups []soak.Group
	for _, p := range patterns {
		groups = append(groups, soak.Group{Pattern: p})
	}
	return &lsofSampler{
		id:    Identity{22468, 1000},
		table: func() ([]stat, error) { return next(&m.tables), nil },
		lsof: func(_ context.Context, pids []int) ([]lsofProcess, error) {
			m.asked = append(m.asked, pids)
			return next(&m.shown), nil
		},
		usage: func(context.Context, int) map[string]int64 { return map[string]int64{soak.GaugeThreads: 3} },
		tally: newLsofTally(groups),
	}
}

func running(pid, ppid int) stat {
	return stat{Identity: Identity{pid, uint64(pid - 21468)}, ppid: ppid, state: 'S'}
}

func TestLsofSampleMacOS(t *testing.T) {
	m := &fakeMachine{
		tables: [][]stat{{running(1, 0), running(22468, 1), running(22470, 22468), running(30000, 1)}},
		shown:  [][]lsofProcess{capturedLsof(t, "macos-server.txt")},
	}
	got, err := m.sampler("state.db*", "/Users/josé/Library/*").Sample(t.Context())
	ok(t, err)
	wantGauges(t, got.Gauges, map[string]int64{
		soak.GaugeFDs:                33,
		soak.GaugeFile:               9, // 2 logs, 5 of state.db, a folder, one without a path
		soak.GaugeSocket:             11,
		soak.GaugePipe:               3,
		soak.GaugePTY:                2,
		soak.GaugeDevice:             2,
		soak.GaugeAnon:               6,
		soak.GaugeDeleted:            2,
		soak.GroupGauge("state.db*"): 5,
		soak.MemberGauge("state.db*", "state.db"):     2,
		soak.MemberGauge("state.db*", "state.db-wal"): 2,
		soak.GroupGauge("/Users/josé/Library/*"):      0, // the pattern's * is one folder
		soak.TCPGauge("LISTEN"):                       2,
		soak.TCPGauge("ESTABLISHED"):                  3,
		soak.TCPGauge("CLOSE_WAIT"):                   1,
		soak.TCPGauge("FIN_WAIT2"):                    1,
		soak.GaugeClients:                             1, // two workers share it
		soak.GaugeChildren:                            1,
		soak.GaugeThreads:                             6,
	})
	wantGauges(t, got.Table, map[string]int64{
		"/Users/josé/.hermes/state.db": 2, "socket": 11, "pipe": 2, "/private/tmp/control": 1, "kqueue": 2, "/dev/null": 2, "npolicy": 1, "unknown": 1,
	})
	if len(got.Parts) != 2 || got.Parts[1].Gauges[soak.GaugeFDs] != 3 || got.Parts[0].Ticks != 1000 || got.Nearest != nil || got.Denied != "" {
		t.Errorf("parts %+v, nearest %v, denied %q", got.Parts, got.Nearest, got.Denied)
	}
	if fmt.Sprint(m.asked) != "[[22468 22470]]" {
		t.Errorf("lsof was asked for %v", m.asked)
	}
}

func TestLsofSampleLinux(t *testing.T) {
	m := &fakeMachine{tables: [][]stat{{running(22468, 1)}}, shown: [][]lsofProcess{capturedLsof(t, "linux-server.txt")}}
	got, err := m.sampler().Sample(t.Context())
	ok(t, err)
	wantGauges(t, got.Gauges, map[string]int64{
		soak.GaugeFDs: 16, soak.GaugeFile: 5, soak.GaugeSocket: 8, soak.GaugePipe: 1, soak.GaugeDevice: 1, soak.GaugeAnon: 1,
		soak.GaugeDeleted: 1, soak.GaugeClients: 1, soak.TCPGauge("ESTABLISHED"): 2, soak.TCPGauge("LISTEN"): 2,
	})
	if got.Parts != nil || got.Table["/tmp/x/new\nline"] != 1 || got.Table["anon_inode:[eventpoll]"] != 1 {
		t.Errorf("parts %v, table %v", got.Parts, got.Table)
	}
}

// TestLsofBlind: a process that lsof may not read is never one with 0 handles, nor
// with the few rows that lsof shows of it.
func TestLsofBlind(t *testing.T) {
	noDescriptor := []lsofProcess{{pid: 22468, rows: []lsofRow{{fd: "cwd", kind: "DIR", name: "/"}, {fd: "txt", kind: "REG", name: "/bin/x"}}}}
	root, child := running(22468, 1), running(22470, 22468)
	for name, shown := range map[string][]lsofProcess{
		"nothing at all":           nil,
		"other processes":          {{pid: 7, rows: []lsofRow{{fd: "0", kind: "REG"}}}},
		"denied on Linux":          capturedLsof(t, "linux-denied.txt"),
		"refused on macOS":         capturedLsof(t, "macos-unreadable.txt"),
		"no descriptor":            noDescriptor,
		"a process and no row":     {{pid: 22468}},
		"the child is not visible": capturedLsof(t, "linux-server.txt"),
	} {
		m := &fakeMachine{tables: [][]stat{{root, child}}, shown: [][]lsofProcess{shown}}
		s, err := m.sampler().Sample(t.Context())
		if !errors.Is(err, soak.ErrBlind) || errors.Is(err, soak.ErrGone) || s.Gauges != nil {
			t.Errorf("%s: %v, %v", name, s.Gauges, err)
		}
		if err == nil || !strings.Contains(err.Error(), "sudo") || len(m.asked) != lsofTries {
			t.Errorf("%s: %v; asked %d times", name, err, len(m.asked))
		}
	}
}

func TestLsofComeAndGo(t *testing.T) {
	server := capturedLsof(t, "linux-server.txt")
	root, child := running(22468, 1), running(22470, 22468)
	zombie, other := child, child
	zombie.state = 'Z'
	other.Ticks++
	alone, both := []stat{root}, []stat{root, child}
	part := append(server[:1:1], lsofProcess{pid: 22470, rows: []lsofRow{{fd: "0", kind: "REG", name: "/a"}}})
	for name, c := range map[string]struct {
		tables   [][]stat
		shown    [][]lsofProcess
		children int64
		asked    int
	}{
		"a child ended before lsof looked": {[][]stat{both, alone}, [][]lsofProcess{server}, 1, 1},
		"it ended while lsof looked":       {[][]stat{both, alone}, [][]lsofProcess{part}, 1, 1},
		"it became a zombie":               {[][]stat{both, {root, zombie}}, [][]lsofProcess{part}, 1, 1},
		"its pid is another process now":   {[][]stat{both, {root, other}}, [][]lsofProcess{part}, 1, 1},
		"it was a zombie":                  {[][]stat{{root, zombie}}, [][]lsofProcess{server}, 1, 1},
		"one was born meanwhile":           {[][]stat{alone, both}, [][]lsofProcess{server}, 0, 1},
		"one was about to end":             {[][]stat{both, both, alone, alone}, [][]lsofProcess{server}, 0, 2},
	} {
		m := &fakeMachine{tables: c.tables, shown: c.shown}
		got, err := m.sampler().Sample(t.Context())
		if err != nil || got.Gauges[soak.GaugeFDs] != 16 || got.Gauges[soak.GaugeChildren] != c.children || got.Table["/a"] != 0 || len(m.asked) != c.asked {
			t.Errorf("%s: %v, %v; asked %d times", name, got.Gauges, err, len(m.asked))
		}
	}
}

func TestLsofGone(t *testing.T) {
	server := capturedLsof(t, "linux-server.txt")
	root := running(22468, 1)
	zombie, other := root, root
	zombie.state = 'Z'
	other.Ticks++
	for name, tables := range map[string][][]stat{
		"not there":        {{}},
		"a zombie":         {{zombie}},
		"another process":  {{other}},
		"ended meanwhile":  {{root}, {}},
		"a zombie now":     {{root}, {zombie}},
		"replaced by then": {{root}, {other}},
	} {
		m := &fakeMachine{tables: tables, shown: [][]lsofProcess{server}}
		if s, err := m.sampler().Sample(t.Context()); !errors.Is(err, soak.ErrGone) || s.Gauges != nil {
			t.Errorf("%s: %v, %v", name, s.Gauges, err)
		}
	}
}

// TestLsofOtherErrors: what lsof cannot do is neither blind nor gone.
func TestLsofOtherErrors(t *testing.T) {
	m := &fakeMachine{tables: [][]stat{{running(22468, 1)}}}
	s := m.sampler()
	broken := errors.New("broken")
	s.lsof = func(context.Context, []int) ([]lsofProcess, error) { return nil, broken }
	if _, err := s.Sample(t.Context()); !errors.Is(err, broken) || errors.Is(err, soak.ErrBlind) {
		t.Errorf("lsof: %v", err)
	}
	s.table = func() ([]stat, error) { return nil, broken }
	if _, err := s.Sample(t.Context()); !errors.Is(err, broken) {
		t.Errorf("table: %v", err)
	}
}

// TestLsofSampleAgain: the tally forgets what is not there any more.
func TestLsofSampleAgain(t *testing.T) {
	m := &fakeMachine{
		tables: [][]stat{{running(22468, 1)}},
		shown:  [][]lsofProcess{capturedLsof(t, "macos-server.txt"), capturedLsof(t, "linux-server.txt"), capturedLsof(t, "linux-server.txt")},
	}
	s := m.sampler("state.db*")
	_, err := s.Sample(t.Context())
	ok(t, err)
	second, err := s.Sample(t.Context())
	ok(t, err)
	third, err := s.Sample(t.Context())
	ok(t, err)
	wantGauges(t, second.Gauges, map[string]int64{soak.GroupGauge("state.db*"): 0, soak.TCPGauge("FIN_WAIT2"): 0, soak.GaugeFDs: 16})
	if !reflect.DeepEqual(second, third) {
		t.Errorf("second\n%v\nthird\n%v", second, third)
	}
}
