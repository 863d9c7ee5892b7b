package history

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestBesideIt: whatever became of what lies beside the file of a process that was killed,
// what is in the file itself comes back, and of the run that was under way a beginning.
func TestBesideIt(t *testing.T) {
	t.Parallel()
	from := recorded(t, 1)
	db, err := connect(from, "mode=rw&_pragma=wal_autocheckpoint(0)")
	ok(t, err)
	file, err := os.Lstat(from)
	ok(t, err)
	r := (&History{from, file, db}).Recorder()
	all := events("B", 3)
	for _, e := range all {
		ok(t, r.Record(e))
	}
	whole := map[string][]byte{}
	for _, end := range []string{"", "-wal", "-shm"} {
		whole[end], err = os.ReadFile(from + end)
		ok(t, err)
	}
	ok(t, r.Close())
	garbage := make([]byte, 40000)
	for i := range garbage {
		garbage[i] = byte(rand.Uint32())
	}
	cases := map[string]map[string][]byte{ // what is another, or nil where it is gone
		"whole":           {},
		"no shm":          {"-shm": nil},
		"an empty shm":    {"-shm": {}},
		"a short shm":     {"-shm": whole["-shm"][:100]},
		"another shm":     {"-shm": garbage[:32<<10]},
		"no wal":          {"-wal": nil},
		"an empty wal":    {"-wal": {}},
		"half a header":   {"-wal": whole["-wal"][:20]},
		"another wal":     {"-wal": garbage},
		"both are others": {"-wal": garbage, "-shm": garbage[:32<<10]},
		"both are gone":   {"-wal": nil, "-shm": nil},
	}
	for _, percent := range []int{3, 50, 77, 99} {
		n := len(whole["-wal"]) * percent / 100
		cases[fmt.Sprint("wal cut at ", percent)] = map[string][]byte{"-wal": whole["-wal"][:n]}
		spoilt := bytes.Clone(whole["-wal"])
		spoilt[n] ^= 0x40
		cases[fmt.Sprint("wal spoilt at ", percent)] = map[string][]byte{"-wal": spoilt}
	}
	for name, others := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "history.db")
			for end, b := range whole {
				if other, is := others[end]; is {
					b = other
				}
				if b != nil {
					ok(t, os.WriteFile(path+end, b, 0o600))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				h, err := Create(t.Context(), path)
				ok(t, err)
				defer h.Close()
				if _, got := record(t, h, "A"); got != jsonl(t, events("A", 3)) {
					t.Errorf("A is %s", got)
				}
				runs, err := h.Runs(t.Context())
				ok(t, err)
				if len(runs) == 2 {
					if _, got := record(t, h, "B"); !strings.HasPrefix(jsonl(t, all), got) {
						t.Errorf("B is %s", got)
					}
				}
				if name == "whole" && (len(runs) != 2 || runs[0].Batches+runs[1].Batches != 6) {
					t.Errorf("got %+v", runs)
				}
				ok(t, writeRun(path, events("C", 1)))
			})
		})
	}
}
