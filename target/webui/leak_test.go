package webui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseLeak(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Leak
		text string // what String gives
	}{
		{"state.db", Leak{"state.db", settings{every: 1, on: "/api/sessions"}}, "state.db"},
		{"state.db:every=1,after=0", Leak{"state.db", settings{every: 1, on: "/api/sessions"}}, "state.db"},
		{"state.db:every=10,on=/api/projects,after=100", Leak{"state.db", settings{every: 10, on: "/api/projects", after: 100}}, "state.db:every=10,on=/api/projects,after=100"},
		{"state.db-deferred:gc=7,on=*", Leak{"state.db-deferred", settings{every: 1, on: "*", gc: 7}}, "state.db-deferred:on=*,gc=7"},
		{"state.db-deferred", Leak{"state.db-deferred", settings{every: 1, on: "/api/sessions", gc: 30}}, "state.db-deferred"},
		{"background", Leak{"background", settings{period: 5 * time.Second}}, "background"},
		{"background:period=0.2s", Leak{"background", settings{period: 200 * time.Millisecond}}, "background:period=200ms"},
	} {
		got, err := ParseLeak(c.in)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("%s: %+v (%s) %v", c.in, got, got, err)
		}
	}
}

func TestParseLeakRefuses(t *testing.T) {
	const all = "state.db, state.db-deferred, background, deleted-wal, rows, file, socket, pty, devnull, thread, memory, error-path, abort-path, stream"
	for in, want := range map[string]string{
		"":                                    `unknown leak ""; known: ` + all,
		"state.bd":                            `unknown leak "state.bd" (did you mean state.db?); known: ` + all,
		"backgroud:period=1s":                 `unknown leak "backgroud" (did you mean background?); known: ` + all,
		"state.db:":                           `leak state.db: "" is not key=value; its keys: every, on, after`,
		"state.db:every":                      `leak state.db: "every" is not key=value; its keys: every, on, after`,
		"state.db:evry=2":                     `leak state.db: unknown key "evry" (did you mean every?); its keys: every, on, after`,
		"state.db:colour=2":                   `leak state.db: unknown key "colour"; its keys: every, on, after`,
		"state.db:gc=2":                       `leak state.db: the key gc does not apply; its keys: every, on, after`,
		"background:every=2":                  `leak background: the key every does not apply; its keys: period`,
		"state.db:every=2,every=2":            `leak state.db: every is given twice`,
		"state.db:every=0":                    `leak state.db: every=0: want a whole number, 1 or more`,
		"state.db:every=1.5":                  `leak state.db: every=1.5: want a whole number, 1 or more`,
		"state.db:after=-1":                   `leak state.db: after=-1: want a whole number, 0 or more`,
		"state.db-deferred:gc=0":              `leak state.db-deferred: gc=0: want a whole number, 1 or more`,
		"state.db:on=/api/sesions":            `leak state.db: on=/api/sesions: no such path reads the database (did you mean /api/sessions?); known: *, /api/sessions, /api/projects, /api/session, /api/session/new, /api/session/delete, /api/export, /health (* is all under /api/, /health its deep form)`,
		"background:period=5":                 `leak background: period=5: want a duration above 0, such as 200ms or 5s`,
		"background:period=-5s":               `leak background: period=-5s: want a duration above 0, such as 200ms or 5s`,
		"state.db:every=99999999999999999999": `leak state.db: every=99999999999999999999: want a whole number, 1 or more`,
	} {
		if got, err := ParseLeak(in); err == nil || err.Error() != want || got != (Leak{}) {
			t.Errorf("%s:\n got %v\nwant %s", in, err, want)
		}
	}
}

// What the help offers is what ParseLeak takes, and the defaults that it shows are the defaults.
func TestLeakHelpIsTrue(t *testing.T) {
	for _, row := range LeakHelp() {
		bare, err1 := ParseLeak(row.Name)
		full, err2 := ParseLeak(row.Name + ":" + row.Keys)
		if err1 != nil || err2 != nil || bare != full || row.About == "" {
			t.Errorf("%+v: %v %v %v %v", row, bare, full, err1, err2)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, row := range ShapeHelp() {
		bare, err := ParseShape(row.Name)
		if err != nil || bare.String() != row.Name || row.About == "" {
			t.Errorf("%+v: %v %v", row, bare, err)
		}
		if row.Keys == "" {
			continue
		}
		if full, err := ParseShape(row.Name + ":" + row.Keys); err != nil || full != bare {
			t.Errorf("%+v: %v %v", row, full, err)
		}
	}
	for in, want := range map[string]string{
		"pool:size=9":        "",
		"sse-linger:for=1m":  "",
		"pol":                `unknown shape "pol" (did you mean pool?); known: pool, cache, step, sse-linger, parked, gc`,
		"pool:size=0":        `shape pool: size=0: want a whole number, 1 or more`,
		"pool:sise=2":        `shape pool: unknown key "sise" (did you mean size?); its keys: size`,
		"pool:every=2":       `shape pool: the key every does not apply; its keys: size`,
		"parked:size=1":      `shape parked: the key size does not apply; it has no keys`,
		"parked:":            `shape parked: "" is not key=value; it has no keys`,
		"sse-linger:for=-1s": `shape sse-linger: for=-1s: want a duration above 0, such as 200ms or 5s`,
	} {
		got, err := ParseShape(in)
		switch {
		case want == "" && (err != nil || got.String() != in && in != "sse-linger:for=1m"):
			t.Errorf("%s: %v %v", in, got, err)
		case want != "" && (err == nil || err.Error() != want || got != (Shape{})):
			t.Errorf("%s:\n got %v\nwant %s", in, err, want)
		}
	}
}

// trigger.next agrees with counting it out by hand.
func TestTrigger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := settings{
			every: rapid.IntRange(1, 5).Draw(t, "every"),
			on:    rapid.SampledFrom([]string{"*", "/api/sessions", "/health"}).Draw(t, "on"),
			after: rapid.IntRange(0, 6).Draw(t, "after"),
		}
		paths := rapid.SliceOf(rapid.SampledFrom([]string{"/api/sessions", "/api/projects", "/health"})).Draw(t, "paths")
		trigger := trigger{settings: set}
		var due, matching int
		for _, path := range paths {
			if _, now := trigger.next(occasion{path: path}); now {
				due++
			}
			if path == set.on || set.on == "*" && path != "/health" {
				matching++
			}
		}
		if want := max(0, matching-set.after) / set.every; due != want {
			t.Fatalf("%d due, want %d", due, want)
		}
	})
}

func FuzzParseLeak(f *testing.F) {
	for _, s := range []string{"", "state.db", "state.db:every=10,on=/api/projects,after=100", "state.db-deferred:gc=3,on=*", "background:period=1h0.5s", "state.db:every=+07,", "x:=,=:", "state.db:every=0"} {
		f.Add(s)
	}
	var known []string
	for _, k := range LeakHelp() {
		known = append(known, k.Name)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLeak(s)
		if err != nil {
			if l != (Leak{}) {
				t.Fatalf("%q: %+v beside %v", s, l, err)
			}
			return
		}
		name, _, _ := strings.Cut(s, ":")
		again, err := ParseLeak(l.String())
		if err != nil || again != l || !slices.Contains(known, name) {
			t.Fatalf("%q: %+v, written %q, read %+v (%v)", s, l, l, again, err)
		}
	})
}
