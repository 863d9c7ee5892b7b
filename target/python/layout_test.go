package python

import (
	"bytes"
	"encoding/binary"
	"os"
	"reflect"
	"strings"
	"testing"
)

// file is a counter file as the tracer writes it.
type file []byte

func newFile() file {
	f := make(file, fileSize)
	copy(f, magic)
	f.word(0, wordPID, 77)
	f.word(0, wordTicks, 99)
	f.word(0, wordPython, 0x030b07f0)
	return f
}

func (f file) word(at, i int, v uint64) { binary.NativeEndian.PutUint64(f[at+8*i:], v) }

func (f file) slot(n int, text string, opened, closed, collected, peak uint64) file {
	at := headerSize + n*slotSize
	for i, v := range []uint64{opened, closed, collected, peak, uint64(len(text)) + 1} {
		f.word(at, i, v)
	}
	copy(f[at+textAt:], text)
	return f
}

// cell is a file whose openers have one cell.
func cell(low, high uint64) file {
	f := append(newFile(), make(file, openerSize-fileSize)...)
	f.word(openerSize-8*cellCount, 7, high<<16|low)
	return f
}

// TestParseOpeners: a cell leads to the slot of its opener.
func TestParseOpeners(t *testing.T) {
	f := cell(slotCount+3, 1234).slot(slotCount+2, "a.py\t9\tpty", 40, 0, 0, 0)
	got, err := parse(f)
	if err != nil || !reflect.DeepEqual(got.cells, map[int]opened{7: {1234, 2}}) || got.openers[2].frames[0] != (frame{"a.py", 9, "pty"}) || len(got.places) != 0 {
		t.Errorf("%v, got %+v", err, got)
	}
}

func TestParse(t *testing.T) {
	f := newFile().slot(0, "api/a.py\t237\trows\napi/b.py\t1017\tmain", 100, 1, 98, 3).slot(slotCount-1, "", 5, 5, 0, 1).slot(1, "never.py\t1\tf", 0, 0, 0, 0)
	f.word(0, wordFlags, flagAPSW)
	got, err := parse(f)
	want := counters{pid: 77, ticks: 99, version: "3.11", apsw: true, places: []place{
		{[]frame{{"api/a.py", 237, "rows"}, {"api/b.py", 1017, "main"}}, 100, 1, 98, 3}, {nil, 5, 5, 0, 1},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, got %+v, want %+v", err, got, want)
	}
}

// TestParseRefuses: what no tracer can have written is no count.
func TestParseRefuses(t *testing.T) {
	long := newFile().slot(0, "a.py\t1\tf", 1, 0, 0, 1)
	long.word(headerSize, wordLength, slotSize)
	nobody := newFile()
	nobody.word(0, wordPID, 0)
	for name, f := range map[string]file{
		"short": newFile()[:fileSize-1], "other": make(file, fileSize), "no pid": nobody, "text too long": long,
		"closed more than opened": newFile().slot(0, "a.py\t1\tf", 1, 2, 0, 1),
		"both more than opened":   newFile().slot(0, "a.py\t1\tf", 2, 1, 2, 1),
		"overflowing":             newFile().slot(0, "a.py\t1\tf", 2, 1, 1<<64-1, 1),
		"peak":                    newFile().slot(0, "a.py\t1\tf", 2, 1, 0, 3),
		"huge":                    newFile().slot(0, "a.py\t1\tf", 1<<63, 1, 0, 3),
		"no place":                newFile().slot(0, "a.py:1 f", 1, 0, 0, 1),
		"no line":                 newFile().slot(0, "a.py\tone\tf", 1, 0, 0, 1),
		"no text":                 newFile().slot(0, "a\xff.py\t1\tf", 1, 0, 0, 1),
	} {
		if got, err := parse(f); err == nil {
			t.Errorf("%s: %v, got %+v", name, err, got)
		}
	}
}

// FuzzParse: whatever the file holds, what is read of it adds up.
func FuzzParse(f *testing.F) {
	f.Add(uint16(0), []byte(newFile().slot(0, "a.py\t1\tf", 9, 3, 2, 4)[:headerSize+slotSize]))
	f.Add(uint16(300), []byte("a.py\t1\tf\n\t\t"))
	f.Fuzz(func(t *testing.T, at uint16, change []byte) {
		data := newFile().slot(0, "a.py\t1\tf", 9, 3, 2, 4)
		if at%2 == 1 {
			data = append(data, make(file, openerSize-fileSize)...)
			copy(data[int(at)*16%len(data):], change)
		}
		copy(data[int(at)%len(data):], change)
		c, err := parse(data)
		if err != nil {
			return
		}
		for _, p := range c.places {
			if p.opened < 1 || p.closed < 0 || p.collected < 0 || p.closed+p.collected > p.opened || p.peak > p.opened {
				t.Errorf("%+v", p)
			}
		}
		for fd, o := range c.cells {
			if fd < 0 || o.slot >= len(c.openers) {
				t.Errorf("%d: %+v", fd, o)
			}
		}
		sums := sums{}
		sums.add(c, true)
		for _, s := range sums.sorted() {
			if s.Where == "" || s.Opened != s.Closed+s.Collected+s.Ended {
				t.Errorf("%+v", s)
			}
		}
	})
}

// TestSameFigures: the tracer and the reader have the same layout.
func TestSameFigures(t *testing.T) {
	text, err := os.ReadFile("_hermes_soak_file.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`MAGIC = b"HSTRACE1"`, "HEADER, SLOTS, SLOT, TEXT = 256, 512, 384, 64\n",
		"PID, TICKS, PYTHON, FLAGS, COLLECTIONS, LOST = 1, 2, 3, 4, 5, 6 ",
		"OPENED, CLOSED, COLLECTED, PEAK, LENGTH = 0, 1, 2, 3, 4 ", "APSW = 1 ",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("_hermes_soak_file.py has no %q", want)
		}
	}
	if [...]int{headerSize, slotCount, slotSize, textAt} != [...]int{256, 512, 384, 64} || wordLost != 6 || wordLength != 4 || flagAPSW != 1 {
		t.Error("layout.go has other figures")
	}
}

func TestIsolating(t *testing.T) {
	for args, want := range map[string]string{
		"python3 server.py": "", "python3 -I server.py": "-I", "python3 -uE server.py": "-E", "python3 -W error -S x": "-S",
		"python3 -Werror x -I": "", "python3 -m http.server -I": "", "python3 -c pass -S": "", "python3 --version -S": "", "python3 -X dev -BSs": "-S", "python3": "",
		"python3 -Xfaulthandler -u x -E": "",
	} {
		if got := isolating(strings.Fields(args)); got != want {
			t.Errorf("%s: got %q, want %q", args, got, want)
		}
	}
}
