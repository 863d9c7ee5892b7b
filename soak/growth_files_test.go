package soak

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"
)

// filed is a server that also keeps files open, by their paths.
type filed struct {
	*server
	files func() map[string]int64
}

func (f filed) Sample(ctx context.Context) (Sample, error) {
	s, err := f.server.Sample(ctx)
	if err != nil {
		return s, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Table = map[string]int64{"/server.log": 2, "socket": 3}
	maps.Copy(s.Table, f.files())
	for name, n := range s.Table {
		if strings.HasPrefix(name, "/") {
			s.Gauges[GaugeFile] += n
			s.Gauges[GaugeFDs] += n
		}
	}
	return s, nil
}

// newFiled keeps one handle on /x.txt for each request to the sessions, and what others say
// of so many requests to the projects, and of the time since it began.
func newFiled(batches int, seed uint64, others func(projects int64, began time.Time) map[string]int64) *server {
	s, x, projects := newServer(batches, 40, seed), int64(0), int64(0)
	s.leak = func(_ *server, probe int) {
		if probe == 0 {
			x++
		} else {
			projects++
		}
	}
	s.loop.Sampler = filed{s, func() map[string]int64 {
		files := others(projects, s.began)
		files["/x.txt"] = x
		return files
	}}
	return s
}

// TestOneFile: the handles are called by their file where all that came to stay is on it,
// and those of others are not counted; else the files are named, with how many each has.
func TestOneFile(t *testing.T) {
	for name, tt := range map[string]struct {
		others func(projects int64, began time.Time) map[string]int64
		unit   string
		want   []string // in what is told of it
		never  string
	}{
		"one": {func(int64, time.Time) map[string]int64 { return map[string]int64{} }, "/x.txt handle",
			[]string{"the handles are on /x.txt", "Look for what GET /api/sessions opens"}, "most"},
		"another, on one of 6 requests": {func(n int64, _ time.Time) map[string]int64 { return map[string]int64{"/y.txt": n / 6} }, "file handle",
			[]string{"most are on /x.txt (", "also on /y.txt ("}, "/x.txt handles"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFiled(5, 3, tt.others).soak(t)
			g, v := r.grown[0], NewView(r)
			if !g.proven(r) || g.unit() != tt.unit {
				t.Fatalf("%s is told in %q", r.Conclusion.Line, g.unit())
			}
			text := verdictOf(t, r, "growth", "handles").Reason
			for _, a := range v.Answers {
				text += "\n" + a.Text
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in %s", want, text)
				}
			}
			if strings.Contains(text, tt.never) {
				t.Errorf("%q in %s", tt.never, text)
			}
			if one := g.file != ""; one && !strings.Contains(r.ofThem(GaugeFDs), " "+told(&[]int64{r.table["/x.txt"]}[0])+" are /x.txt handles") {
				t.Errorf("%s of %v", r.ofThem(GaugeFDs), r.table)
			}
			if g.file != "" && g.Last-g.beside > r.table["/x.txt"] {
				t.Errorf("%s, and %d are on it", g.level(), r.table["/x.txt"])
			}
		})
	}
}

// TestAlsoByItself: a leak on time beside one per request is told with its rate, the endpoint
// that leaves nothing is not accused of it, and the limit comes as soon as both bring it.
func TestAlsoByItself(t *testing.T) {
	const every = 20 * time.Millisecond
	r := newFiled(8, 3, func(_ int64, began time.Time) map[string]int64 {
		return map[string]int64{"/bg.log": int64(time.Since(began) / every)}
	}).soak(t)
	answersAre(t, NewView(r), "GET /api/sessions leaks, and the server by itself: file handles", []string{
		"What leaks:a per-request leak, and one on time beside it", "Where:GET /api/sessions; and in what the server does by itself; ",
		"How fast:GET /api/sessions keeps +", "Until when:At that rate the limit 4096 is reached after",
		"What to do:Look for what GET /api/sessions opens and does not close on every path, and for what runs by itself"})
	g := r.grown[0]
	truth := float64(time.Hour / every)
	if g.class != LeakPerRequest || g.byItself.Low > truth || g.byItself.High < truth {
		t.Errorf("%s: by itself %+v, want %v", r.Conclusion.Line, g.byItself, truth)
	}
	for i, want := range []float64{1, 0} {
		if e := g.Endpoints[i]; e.Rate.Low > want || e.Rate.High < want || e.Guilty != (want > 0) {
			t.Errorf("endpoint %d: %+v, want %v", i, e, want)
		}
	}
	f, ok := g.forecast(r)
	if room := float64(f.limit - f.level); !ok || f.hours.Low > room/truth || f.hours.High < room/(truth+2*3600/r.Start.Scenario.PollEvery.Seconds()) {
		t.Errorf("%+v", f)
	}
	for probe, e := range r.Endpoints {
		for _, k := range e.Keeps {
			if k.Group == AllHandles && (k.Status == Fail) != (probe == 0) {
				t.Errorf("%s: %+v", e.Probe, k)
			}
		}
	}
}

// TestUntraced: why the line of code is not known, and what would tell it.
func TestUntraced(t *testing.T) {
	python := []string{"/usr/bin/python3", "server.py"}
	for want, target := range map[string]Target{
		"run it with --trace sqlite,fd": {Kind: "launched", Command: python, Tracing: &Tracing{Loaded: true}},
		"leave out --trace off":         {Kind: "launched", Command: python},
		"only a Python server that":     {Kind: "launched", Command: []string{"./server"}},
		"only a Python server that h":   {Kind: "attached", Command: python},
		"only a Python server that her": {Kind: "launched", Command: python, Tracing: &Tracing{Loaded: true, Openers: true}},
	} {
		r := NewReport()
		r.Start.Target = target
		if got := r.untraced(grown{family: "handles"}); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", target, got, want)
		}
	}
}

// TestLevelThatSwings: what came and went is not told to have stood still.
func TestLevelThatSwings(t *testing.T) {
	for _, swings := range []bool{false, true} {
		s := newServer(5, 40, 3)
		s.leak = func(s *server, _ int) {
			if s.threads = 6; swings {
				s.threads += s.sent % 20
			}
		}
		reason := verdictOf(t, s.soak(t), "growth", GaugeThreads).Reason
		if strings.Contains(reason, "6 threads throughout") == swings || strings.Contains(reason, "throughout") == swings {
			t.Errorf("swings %v: %s", swings, reason)
		}
	}
}
