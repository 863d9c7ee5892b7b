package faults

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for spec, want := range map[string]string{
		"abort":                            "abort",
		"abort:within=10s":                 "abort",
		"abort:within=1s,path=/x?a=b":      "abort:path=/x?a=b,within=1s",
		"half-open:for=1500ms":             "half-open:for=1.5s",
		"slow-reader:for=1m,rate=1":        "slow-reader:rate=1,for=1m",
		"burst:count=2":                    "burst:count=2",
		"latency:jitter=100ms":             "latency:jitter=100ms",
		"latency:by=1s,jitter=1s,for=10ms": "latency:by=1s,jitter=1s,for=10ms",
		"bandwidth:rate=10":                "bandwidth",
		"down":                             "down",
		"pause:for=500ms":                  "pause",
		"cpu:n=3":                          "cpu:n=3",
		"fd-limit:free=0,for=1s":           "fd-limit:for=1s",
		"db-lock:for=6s":                   "db-lock",
		"down:every=1m,at=1s":              "down:at=1s,every=1m",
		"abort:every=90s":                  "abort:every=1m30s",
		"abort:path=/x?a=1%2Cb=2,at=1s":    "abort:path=/x?a=1%2Cb=2,at=1s",
		"down:for=0s":                      "down",
		"pause:for=1s,every=1s":            "pause:for=1s,every=1s",
		"pause:at=168h":                    "pause:at=168h",
		"kill:n=3":                         "kill",
		"term:n=1,within=1s":               "term:n=1,within=1s",
		"corrupt:pages=2":                  "corrupt:pages=2",
		"db-replace":                       "db-replace",
		"disk-full:for=500ms":              "disk-full",
	} {
		s, err := Parse(spec)
		if err != nil || s.String() != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", spec, s, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"":                         "no such kind, known: abort",
		"abbort":                   "did you mean abort? known: abort, half-open,",
		"resetpeer":                "did you mean reset-peer?",
		"abort:":                   "fault abort: nothing follows the colon; want KIND alone, or KIND:key=value",
		"abort:now":                `"now" is no key=value`,
		"abort:withn=1s":           `abort has no key "withn", did you mean within? known: path, within, at, every`,
		"abort:at=0s":              "at=0s: want 1ms to 168h",
		"pause:at=soon":            "at=soon: want a time such as 30s",
		"pause:at=30":              "want a time such as 30s",
		"pause:every=5s,for=5m":    "it lasts 5m and comes every 5s",
		"half-open:every=1s":       "it lasts 2s and comes every 1s",
		"abort:path=/x?a=1,b=2":    "a comma of a path is written %2C",
		"abort:path=/x?a=1,b":      "a comma of a path is written %2C",
		"pause:every=1ms":          "every=1ms: want 100ms to 168h",
		"down:path=/":              `down has no key "path", known: `,
		"abort:path=x":             "want a path of the target",
		"abort:path=":              "want a path of the target",
		"abort:path=/a b":          "want a path of the target",
		"abort:path=/,path=/":      "path is given twice",
		"abort:within=1":           "within=1: want a time such as 10s",
		"abort:within=0s":          "within=0s: want 10ms to 1m",
		"half-open:for=24h":        "want 10ms to 5m",
		"burst:count=1":            "want 2 to 500",
		"burst:count=1000000":      "want 2 to 500",
		"burst:count=few":          "want a whole number such as 50",
		"burst:count=3,count=4":    "count is given twice",
		"slow-reader:rate=0":       "want 1 to 65536",
		"kill:n=21":                "want 1 to 20",
		"latency:jitter=101ms":     "jitter is more than by",
		"latency:by=1ms,jitter=1s": "jitter is more than by",
	} {
		if _, err := Parse(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %q", spec, err, want)
		}
	}
}

// TestCanonical: what is in bounds is read, written and read again as the same;
// what is not is an error.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds()).Draw(t, "kind")
		spec, sep, wrong := k.name, ":", false
		for _, key := range k.numbers() {
			n := rapid.OneOf(rapid.Int64Range(key.least, key.most), rapid.Int64()).Draw(t, key.name)
			wrong = wrong || n < key.least || n > key.most
			spec += sep + key.name + "=" + key.write(n)
			sep = ","
		}
		s, err := Parse(spec)
		over := err != nil && strings.Contains(err.Error(), " and comes every ")
		if !over && wrong != (err != nil) && k.check == nil || wrong && err == nil {
			t.Fatalf("%s: %v", spec, err)
		}
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%s became %s: %v", s, again, err)
		}
		for _, key := range k.numbers() {
			if again.number(key.name) != s.number(key.name) {
				t.Fatalf("%s became %s", s, again)
			}
		}
	})
}

// TestKinds: each kind is of one sort, and its usual values are in its bounds.
func TestKinds(t *testing.T) {
	for _, k := range kinds() {
		sorts := 0
		for _, is := range []bool{k.client != nil, k.network != nil, k.process != nil, k.act} {
			if is {
				sorts++
			}
		}
		if sorts != 1 {
			t.Errorf("%s is not of one sort", k.name)
		}
		for _, key := range k.keys {
			if n, err := key.read(key.write(key.usual)); err != nil || n != key.usual {
				t.Errorf("%s: the usual %s: %d, %v", k.name, key.name, n, err)
			}
			if key.drawnLeast < key.least && key.drawnMost > 0 || key.drawnMost < key.drawnLeast || key.drawnMost > key.most {
				t.Errorf("%s: %s is drawn from %d to %d", k.name, key.name, key.drawnLeast, key.drawnMost)
			}
			if key.isTime && key.most > int64(5*time.Minute) {
				t.Errorf("%s: %s may last %s", k.name, key.name, key.write(key.most))
			}
		}
	}
}

func TestLasts(t *testing.T) {
	for spec, want := range map[string]time.Duration{"abort": 0, "half-open": 2 * time.Second, "down:for=5s": 5 * time.Second} {
		s, err := Parse(spec)
		if ok(t, err); s.Lasts() != want {
			t.Errorf("%s lasts %s, want %s", spec, s.Lasts(), want)
		}
	}
}

func TestWhen(t *testing.T) {
	for spec, want := range map[string][2]time.Duration{
		"abort": {}, "abort:at=5s": {5 * time.Second, 0}, "down:every=2s": {2 * time.Second, 2 * time.Second}, "pause:at=1s,every=2s": {time.Second, 2 * time.Second},
	} {
		s, err := Parse(spec)
		ok(t, err)
		if at, every := s.When(); at != want[0] || every != want[1] {
			t.Errorf("%s comes at %s, every %s", spec, at, every)
		}
	}
}

// TestNoSecret: no error shows what stands behind the question mark of a path, nor what
// may be the rest of it.
func TestNoSecret(t *testing.T) {
	for _, spec := range []string{
		"abort:path=/x?tok=SECRET,foo=1", "abort:path=/x?tok=1,SECRET=2", "abort:path=/x?tok=1,SECRET", "abort:path=/x?tok=1,at=SECRET", "abort:at=/x?SECRET",
		"abort:path=x?SECRET", "abort:path=/x?SECRET z", "abort:path=/x?SECRET,path=/", "abort:pth=/x?SECRET", "abbort:path=/x?SECRET", "/x?SECRET", "abort:/x?SECRET=1", "abort:/x?SECRET",
		"abort:path=/x?SECRET,within=0s",
	} {
		if _, err := Parse(spec); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// TestNew: a setting is a value whole, whatever is in it, and what comes of it can be
// typed.
func TestNew(t *testing.T) {
	for _, c := range []struct {
		settings [][2]string
		want     string
	}{
		{[][2]string{{"path", "/x?a=1,b=2"}}, "abort:path=/x?a=1%2Cb=2"},
		{[][2]string{{"path", "/x,at=1s"}, {"every", "2m"}}, "abort:path=/x%2Cat=1s,every=2m"},
	} {
		s, err := New("abort", c.settings)
		ok(t, err)
		again, err := Parse(s.String())
		if ok(t, err); s.String() != c.want || again.path != s.path || again.String() != c.want {
			t.Errorf("%q: %s, read again %s; want %s", c.settings, s, again, c.want)
		}
	}
	if s, err := New("abort", [][2]string{{"at", "1s,every=2s"}}); err == nil {
		t.Errorf("%s", s)
	}
}
