package soak

import (
	"strings"
	"testing"

	"hermes-soak/soak/ratchet"
)

// runOf is the figures of a run of one gauge.
func runOf(g GaugeFigures) *Figures {
	g.Gauge, g.Compared = GaugeFDs, true
	return &Figures{Requests: 200, MaxInFlight: 1, Gauges: []GaugeFigures{g}}
}

// TestLevels: what a level is higher by counts only beyond what the runs themselves went through.
func TestLevels(t *testing.T) {
	at := func(low, high, gained float64) GaugeFigures {
		return GaugeFigures{
			Kept:  &ratchet.Kept{Requests: 160, LoadWaves: 30, Gained: gained, Dispersion: 1, Peak: gained},
			Level: &Measured{(low + high) / 2, low, high},
		}
	}
	limit := func(g GaugeFigures) GaugeFigures {
		g.Unfit, g.Cut, g.AtLimit, g.AtLeast = "full", "full", true, true
		return g
	}
	died := func(g GaugeFigures) GaugeFigures {
		g.Unfit, g.Cut, g.AtLeast = "died", "died", true
		return g
	}
	for name, tt := range map[string]struct {
		earlier, later GaugeFigures
		answer         Compared
		gated          bool
		reason         string
	}{
		"more":                       {at(8, 8, 0), at(24, 24, 0), Worse, true, "; 1 may be what it wanders"},
		"less":                       {at(24, 24, 0), at(8, 8, 0), Better, true, ""},
		"two more":                   {at(8, 8, 0), at(10, 10, 0), CannotTell, true, ""},
		"three more":                 {at(8, 8, 0), at(11, 11, 0), Worse, true, ""},
		"a walk is elsewhere":        {at(5, 8, 0), at(12, 18, 0), CannotTell, true, "; 6 may be what it wanders"},
		"far elsewhere":              {at(5, 8, 0), at(16, 22, 0), Worse, true, ""},
		"it also gained before":      {at(8, 8, 0), at(24, 26, 2), CannotTell, false, "; 16 may be what it wanders"}, // 2, and 11.2 / 0.8
		"it gained, and is far more": {at(8, 8, 0), at(34, 36, 2), Worse, true, ""},
		"at its limit":               {at(8, 8, 0), limit(at(44, 56, 20)), Worse, true, ", though in the new run full"},
		"at its limit, which it was": {limit(at(8, 8, 0)), at(44, 56, 20), CannotTell, true, "in the old run full"},
		"near the limit before":      {at(8, 40, 30), limit(at(44, 56, 20)), CannotTell, true, "in the new run full"},
		"it died":                    {at(8, 8, 0), died(at(44, 44, 0)), CannotTell, true, "in the new run died"},
	} {
		d := Compare(runOf(tt.earlier), runOf(tt.later)).Differences[1]
		if d.Figure != FigureLevel || d.Answer != tt.answer || d.Gated != tt.gated || !strings.HasSuffix(d.Reason, tt.reason) {
			t.Errorf("%s: %s, %v: %s", name, d.Answer, d.Gated, d.Reason)
		}
	}
}

// TestFallHides: where the level falls all the time, nothing that was kept shows, but what is more all the same.
func TestFallHides(t *testing.T) {
	kept := func(gained, fell float64) ratchet.Kept {
		return ratchet.Kept{Requests: 160, LoadWaves: 30, Gained: gained, Dispersion: 1, Fell: fell}
	}
	why, atLeast := unfit(someRun(t, 1, nil), GaugeFDs, kept(0, 30))
	if !strings.HasPrefix(why, "the level fell by 30 while it was judged, which hides") || !atLeast {
		t.Error(why, atLeast)
	}
	flat, fallen, more := kept(0, 0), kept(0, 30), kept(60, 30)
	high := flat
	high.Peak = 60
	level := &Measured{8, 8, 8}
	clean, fell, leaky := GaugeFigures{Kept: &flat, Level: level}, GaugeFigures{Kept: &fallen, Level: level, Unfit: why, AtLeast: true}, GaugeFigures{Kept: &more, Level: level, Unfit: why, AtLeast: true}
	for name, tt := range map[string]struct {
		earlier, later GaugeFigures
		answer         Compared
	}{
		"now":             {clean, fell, CannotTell},
		"before":          {fell, clean, CannotTell},
		"and is more":     {clean, leaky, Worse},
		"as it once held": {GaugeFigures{Kept: &high, Level: level}, leaky, CannotTell},
		"both, and more":  {fell, leaky, CannotTell},
		"it was more":     {leaky, clean, CannotTell},
		"neither of them": {clean, clean, Same},
	} {
		if c := Compare(runOf(tt.earlier), runOf(tt.later)); c.Answer != tt.answer {
			t.Errorf("%s: %s", name, c.Line)
		}
	}
}

// TestAloneGuilty: an endpoint that growth has cleared does not count.
func TestAloneGuilty(t *testing.T) {
	probes := func(of ...float64) GaugeFigures {
		all := ratchet.Kept{Requests: 160, LoadWaves: 30, Dispersion: 1}
		g := GaugeFigures{Level: &Measured{8, 8, 8}}
		for i, gained := range of {
			k := all
			k.Requests, k.Gained = 80, gained
			g.Probes = append(g.Probes, ProbeFigures{Probe: string(rune('a' + i)), Kept: k})
			all.Gained += gained
		}
		g.Kept = &all
		return g
	}
	named := func(g GaugeFigures, i int) GaugeFigures {
		g.Probes[i].Named = true
		return g
	}
	for name, tt := range map[string]struct {
		earlier, later GaugeFigures
		a, b           Compared
	}{
		"nobody is named":         {probes(0, 0), probes(160, 30), Worse, Worse},
		"one is named":            {probes(0, 0), named(probes(160, 30), 0), Worse, CannotTell},
		"it was named before":     {named(probes(160, 30), 0), probes(0, 0), Better, CannotTell},
		"another is named by now": {named(probes(160, 0), 0), named(probes(0, 160), 1), Better, Worse},
	} {
		c := Compare(runOf(tt.earlier), runOf(tt.later))
		if a, b := c.Differences[1], c.Differences[2]; a.Answer != tt.a || b.Answer != tt.b || b.Gated != (tt.b != CannotTell) {
			t.Errorf("%s: %s and %s: %s", name, a.Answer, b.Answer, b.Reason)
		}
	}
}

// TestByConnections: what growth found by the connections is told by them, of both runs.
func TestByConnections(t *testing.T) {
	group := GroupGauge("state.db*")
	run := func(handles, connections float64, judged bool) *Figures {
		of := func(gauge string, gained float64) GaugeFigures {
			return GaugeFigures{
				Gauge: gauge, Compared: gauge == group, Judged: judged && gauge != group,
				Kept: &ratchet.Kept{Requests: 100, LoadWaves: 30, Gained: gained, Dispersion: 1}, NoLevel: "why",
			}
		}
		return &Figures{Requests: 100, Gauges: []GaugeFigures{of(group, handles), of(connectionGauge("state.db*"), connections)}}
	}
	for name, tt := range map[string]struct {
		earlier, later *Figures
		old, new       float64
	}{
		"found now":    {run(3, 0, false), run(184, 200, true), 0, 2},
		"found before": {run(184, 200, true), run(3, 0, false), 2, 0},
		"not found":    {run(3, 0, false), run(184, 200, false), 0.03, 1.84},
	} {
		if d := Compare(tt.earlier, tt.later).Differences[0]; d.Old.Value != tt.old || d.New.Value != tt.new {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}
}
