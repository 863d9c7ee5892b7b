package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Going is a run that goes on, as a page shows it. It has no verdict: that is given once,
// at the end.
type Going struct {
	// Phase says what the run is at.
	Phase string `json:"phase"`
	// Watch: no request is sent, and there is only the time to draw over.
	Watch  bool    `json:"watch,omitempty"`
	Facts  []Told  `json:"facts"`
	Charts *Charts `json:"charts"`
}

// The points that are drawn of a run that goes on: its charts are sent again and again.
const (
	goingPoints = 8000 // over all gauges
	goingOfOne  = 1200 // as many as a wide screen has room for
)

// NewGoing makes what a page shows of a run that goes on. It does not judge, which a look
// in between would make less sure.
func NewGoing(r *Report) *Going {
	g := &Going{Phase: r.phase(), Watch: r.watching(), Charts: r.charts(goingPoints, goingOfOne)}
	g.Facts = slices.DeleteFunc(r.facts(), func(t Told) bool { return t.Ask == "ended" })
	if n := len(r.Ladders); n > 0 {
		l := r.Ladders[n-1]
		g.Facts = append(g.Facts, Told{"health", fmt.Sprintf("%s, after %s: %s", strings.ToUpper(string(l.State)), short(l.At), l.Evidence)})
	}
	return g
}

// phase says what the run is at, by its last wave.
func (r *Report) phase() string {
	if r.waves.len() == 0 {
		return "The first looks at the server"
	}
	s, w := r.Start.Scenario, r.waves.at(r.waves.len()-1)
	switch {
	case r.watching() && s.For > 0:
		return fmt.Sprintf("Watching, %s of %s", shortly(r.Elapsed), shortly(s.For))
	case r.watching():
		return "Watching for " + shortly(r.Elapsed)
	case w.Kind == WaveDrain:
		return "No load: the server has time to give back what it holds"
	case w.Kind == WaveConfirm:
		return "No load, as long as there was some: it grows, and this tells by what"
	case w.Kind == WaveIdle || w.Kind == WaveLoad:
		if s.For > 0 {
			return fmt.Sprintf("Load, %s of %s", shortly(r.Elapsed), shortly(s.For))
		}
		batches := s.Batches
		if n := len(r.Extensions); n > 0 {
			batches = r.Extensions[n-1].Batches
		}
		return fmt.Sprintf("Load, batch %d of %d", w.Batch, batches)
	}
	return "The first requests"
}

// shortly is a time to the second.
func shortly(d time.Duration) string { return d.Round(time.Second).String() }
