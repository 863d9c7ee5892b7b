package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"hermes-soak/soak"
)

func TestExamine(t *testing.T) {
	at := func(f finding) func(context.Context, machine) finding {
		return func(context.Context, machine) finding { return f }
	}
	ok, warn, less, none := row{"a", at(fine("x"))}, row{"b", at(note("x", "do y"))}, row{"c", at(limited("x", "do y"))}, row{"d", at(cannot("x", ""))}
	for _, c := range []struct {
		rows []row
		exit int
		last string
	}{
		{[]row{ok}, soak.ExitPass, "READY: all that a soak needs can be measured here"},
		{[]row{ok, warn}, soak.ExitPass, "READY: all that a soak needs can be measured here"},
		{[]row{ok, less, warn, less}, soak.ExitUnknown, "LIMITED: a soak can measure, with less to see: c, c"},
		{[]row{less, none, ok, less}, soak.ExitBroken, "BLIND: nothing can be measured: d"},
	} {
		var out strings.Builder
		exit, err := machine{}.examine(t.Context(), &out, c.rows)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if err != nil || exit != c.exit || lines[len(lines)-1] != c.last {
			t.Errorf("exit %d, %v, want %d\n%s", exit, err, c.exit, &out)
		}
	}
	if _, err := (machine{}).examine(t.Context(), failing{}, []row{ok}); err == nil {
		t.Error("what cannot be printed is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestLayout(t *testing.T) {
	f := limited("/proc hides other users' processes (hidepid=invisible): they cannot even be counted", "run as root")
	for columns, want := range map[int]string{
		0: "warn    hidepid         /proc hides other users' processes (hidepid=invisible): they cannot even be counted\n                        -> run as root",
		80: "warn    hidepid         /proc hides other users' processes (hidepid=invisible):\n                        they cannot even be counted\n" +
			"                        -> run as root",
		40: "warn hidepid:\n  /proc hides other users' processes\n  (hidepid=invisible): they cannot even\n  be counted\n  -> run as root",
	} {
		if got := layout("hidepid", f, columns); got != want {
			t.Errorf("at %d:\n%s", columns, got)
		}
	}
	for columns := 1; columns < 200; columns++ {
		for line := range strings.Lines(layout("own limit", f, columns)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns >= 25 && n > columns {
				t.Errorf("%d columns at %d: %q", n, columns, line)
			}
		}
	}
}

func TestPrograms(t *testing.T) {
	says := func(out string, err error) machine {
		return machine{output: func(context.Context, string, ...string) (string, error) { return out, err }}
	}
	if f := lsofPresent(t.Context(), says("lsof version information:\n    revision: 4.95.0\n", nil)); !strings.HasPrefix(f.evidence, "version 4.95.0") || f.exit != 0 {
		t.Errorf("lsof: %+v", f)
	}
	if f := pythonPresent(t.Context(), says("Python 3.11.7\n", nil)); f != fine("version 3.11.7") {
		t.Errorf("python3: %+v", f)
	}
	for _, m := range []machine{says("", exec.ErrNotFound), says("who knows", nil), says("Python 3.11.7", errors.New("exit status 1"))} {
		if f := pythonPresent(t.Context(), m); f.mark != "warn" || f.exit != soak.ExitPass || f.advice == "" {
			t.Errorf("python3: %+v", f)
		}
	}
}

func TestDisk(t *testing.T) {
	m := machine{free: func(string) (uint64, error) { return 200 << 20, nil }}
	if f := diskFree(t.Context(), m); f.mark != "ok" || !strings.Contains(f.evidence, "200 MiB free in .") {
		t.Errorf("%+v", f)
	}
	m.free = func(string) (uint64, error) { return 99 << 20, nil }
	if f := diskFree(t.Context(), m); f.mark != "warn" || f.advice == "" || f.exit != soak.ExitPass {
		t.Errorf("little: %+v", f)
	}
	m.free = func(string) (uint64, error) { return 0, errors.New("stale") }
	if f := diskFree(t.Context(), m); f.mark != "warn" || !strings.Contains(f.evidence, "stale") {
		t.Errorf("not told: %+v", f)
	}
}
