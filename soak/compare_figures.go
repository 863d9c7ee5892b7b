package soak

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"hermes-soak/soak/ratchet"
)

// Figures are all that a judged run is compared by with another one. A run that is judged
// against an earlier one records those of that one.
type Figures struct {
	Run      string    `json:"run"`
	Started  time.Time `json:"started"`
	Seed     uint64    `json:"seed"`
	Requests int       `json:"requests"`
	// Exit is that of the run itself.
	Exit int `json:"exit"`
	// Plan is what the runs must have in common, by its name, as planOf makes it.
	Plan map[string]string `json:"plan"`
	// MaxInFlight is the most requests that were in flight at once.
	MaxInFlight int            `json:"max_in_flight"`
	Gauges      []GaugeFigures `json:"gauges"`
	Times       []TimeFigures  `json:"times"`
}

// GaugeFigures are those of one gauge.
type GaugeFigures struct {
	Gauge string `json:"gauge"`
	// Compared: the run asks for it. One that another run asks for may be here too.
	Compared bool `json:"compared"`
	// Unit is how many bytes of memory one unit is; 0 of what is counted.
	Unit int64 `json:"unit,omitempty"`
	// Kept is nil where it is not known. Unfit says why, or why what was kept says nothing
	// of what the requests cost.
	Kept  *ratchet.Kept `json:"kept,omitempty"`
	Unfit string        `json:"unfit,omitempty"`
	// AtLeast: it is unfit, and its requests cost no less than what was kept.
	AtLeast bool `json:"at_least,omitempty"`
	// ByTime: it grows with time, whatever is requested.
	ByTime bool `json:"by_time,omitempty"`
	// Judged: it is that by which growth found its family to leak.
	Judged bool `json:"judged,omitempty"`
	// Probes are in the order of the plan, where there is more than one.
	Probes []ProbeFigures `json:"probes,omitempty"`
	// Level is what was held at rest; nil where it is not known, and NoLevel says why.
	Level   *Measured `json:"level,omitempty"`
	NoLevel string    `json:"no_level,omitempty"`
	// Cut says why the level is that of a part of the run.
	Cut string `json:"cut,omitempty"`
	// AtLimit: and why it is no higher.
	AtLimit bool `json:"at_limit,omitempty"`
	// Adrift says why it is at no level that could count.
	Adrift string `json:"adrift,omitempty"`
}

// ProbeFigures are what an endpoint, or a fault, kept.
type ProbeFigures struct {
	Probe string `json:"probe"`
	// Fault: it is kept per occurrence.
	Fault bool `json:"fault,omitempty"`
	// Named: growth finds it guilty, alone.
	Named bool         `json:"named,omitempty"`
	Kept  ratchet.Kept `json:"kept"`
}

// TimeFigures are how long something of an endpoint or a fault took, in ns; nil where
// too few were measured.
type TimeFigures struct {
	Figure   string    `json:"figure"`
	Of       string    `json:"of"`
	Measured *Measured `json:"measured,omitempty"`
}

// NewFigures are those of a judged run. An error says why it is none that can be compared.
func NewFigures(r *Report) (*Figures, error) {
	switch {
	case r.watching():
		return nil, fmt.Errorf("run %s: it is a watch, which sends no request", r.Run)
	case r.Start.Assumed != "":
		return nil, fmt.Errorf("run %s: it is a series of batches that someone counted, without idle slots", r.Run)
	case r.Run == "":
		return nil, errors.New("it is no run")
	}
	f := &Figures{
		Run: r.Run, Started: r.Started.UTC(), Seed: r.Start.Scenario.Seed, Requests: r.Requests, Exit: r.Conclusion.Exit,
		Plan: planOf(r.Start), MaxInFlight: r.maxInFlight(), Times: r.times(),
	}
	seen, amplified := watched(r), r.Start.Scenario.Amplify != ""
	for _, g := range r.Start.Scenario.Watch {
		group, connections := GroupGauge(g.Pattern), connectionGauge(g.Pattern)
		f.Gauges = append(f.Gauges, r.figuresOf(part{gauge: group, reported: group, weight: 1}, slices.Contains(seen, g)), r.figuresOf(part{gauge: connections, reported: group, weight: 2}, false))
	}
	for _, gauge := range []string{GaugeFDs, GaugeThreads, GaugeChildren, GaugeRSS} {
		compared := gauge == GaugeFDs || !amplified && gauge != GaugeRSS || slices.Contains(r.Start.Scenario.Gate, gauge)
		f.Gauges = append(f.Gauges, r.figuresOf(part{gauge: gauge, reported: gauge, weight: 1}, compared))
	}
	if err := f.refuse(); err != nil { // the record was made up
		return nil, fmt.Errorf("run %s: %w", r.Run, err)
	}
	return f, nil
}

// figuresOf are those of a gauge.
func (r *Report) figuresOf(p part, compared bool) GaugeFigures {
	gauge := p.gauge
	g := GaugeFigures{Gauge: gauge, Compared: compared}
	g.Level, g.NoLevel = levelOf(r, gauge)
	g.Cut, g.AtLimit = cutShort(r, gauge)
	switch {
	case r.leaking(familyOf(gauge)):
		g.Adrift = "it keeps rising, and is at no level: see what is kept"
	case r.Start.Scenario.Amplify != "":
		g.Adrift = "without a garbage collector it is at no level"
	}
	s, why := segment(r, p, WaveLoad, WaveIdle, WaveDrain)
	if sent, _ := r.errors(); why == "" && gauge == GaugeRSS && sent < rssLeastRequests {
		why = fmt.Sprintf("memory is judged from %d requests on", rssLeastRequests)
	}
	if g.Unfit = why; why != "" {
		return g
	}
	if gauge == GaugeRSS {
		g.Unit = memoryUnit(s)
		inUnits(s, g.Unit)
	}
	all, of := ratchet.Keep(s)
	g.Unfit, g.AtLeast = unfit(r, gauge, all)
	if all.Requests == 0 {
		return g
	}
	g.Kept = &all
	guilty := -1
	for _, found := range r.grown {
		if found.family != familyOf(gauge) {
			continue
		}
		g.ByTime = g.ByTime || found.class == LeakPerTime
		g.Judged = g.Judged || found.gauge == gauge && found.class == LeakPerRequest
		if e, one := found.guilty(r); one && found.class == LeakPerRequest {
			guilty = e.Probe
		}
	}
	for i, p := range r.Start.Scenario.Probes {
		if k, sent := of[i]; sent && len(r.Start.Scenario.Probes) > 1 {
			g.Probes = append(g.Probes, ProbeFigures{p.Name, p.Fault != "", i == guilty, k})
		}
	}
	return g
}

// keeps takes over what was kept by another gauge of the same things.
func (g *GaugeFigures) keeps(of GaugeFigures) {
	g.Kept, g.Unfit, g.AtLeast, g.Probes = of.Kept, of.Unfit, of.AtLeast, of.Probes
}

// named is the endpoint that growth finds guilty, alone; else "".
func (g GaugeFigures) named() string {
	for _, p := range g.Probes {
		if p.Named {
			return p.Probe
		}
	}
	return ""
}

// in are the figures counted in a unit of so many bytes, which is no smaller than theirs.
func (g GaugeFigures) in(unit int64) GaugeFigures {
	if g.Unit == 0 || g.Kept == nil {
		return g
	}
	times := float64(unit) / float64(g.Unit)
	all := g.Kept.Coarser(times)
	g.Unit, g.Kept, g.Probes = unit, &all, slices.Clone(g.Probes)
	for i := range g.Probes {
		g.Probes[i].Kept = g.Probes[i].Kept.Coarser(times)
	}
	return g
}

// gauge are the figures of a gauge.
func (f *Figures) gauge(name string) GaugeFigures {
	if i := slices.IndexFunc(f.Gauges, func(g GaugeFigures) bool { return g.Gauge == name }); i >= 0 {
		return f.Gauges[i]
	}
	why := "the gauge " + name + " was not watched"
	return GaugeFigures{Gauge: name, Unfit: why, NoLevel: why}
}

// The bounds of what figures may hold, where those of a record do not say it.
const (
	mostCompared  = 1000 // gauges, endpoints, or times
	mostScattered = 4    // times what was gained is more than a dispersion: all of it in one of two waves
)

// refuse says what no run can have come to. nil is no figures.
func (f *Figures) refuse() error {
	if f == nil {
		return nil
	}
	if f.Run == "" || !written(f.Started) || f.Requests < 0 || f.Requests > mostHeld || f.MaxInFlight < 0 || f.MaxInFlight > mostSent ||
		!slices.Contains([]int{ExitPass, ExitFail, ExitUnknown, ExitBroken}, f.Exit) || max(len(f.Gauges), len(f.Times), len(f.Plan)) > mostCompared {
		return fmt.Errorf("the baseline, run %q, of %s has %d requests, %d in flight, and exit %d", f.Run, f.Started, f.Requests, f.MaxInFlight, f.Exit)
	}
	named := map[string]bool{}
	for _, g := range f.Gauges {
		if err := errors.Join(g.refuse(), refuseWhole(g.Kept)); err != nil || named[g.Gauge] {
			return errors.Join(fmt.Errorf("the baseline's gauge %q is none, or is there twice", g.Gauge), err)
		}
		named[g.Gauge] = true
	}
	for _, t := range f.Times {
		if !slices.Contains([]string{FigureP50, FigureP99, FigureRecovery}, t.Figure) || t.Measured.refuse(0, float64(longest)) != nil {
			return fmt.Errorf("the baseline's %s of %q is no time", t.Figure, t.Of)
		}
	}
	return nil
}

func (g GaugeFigures) refuse() error {
	switch {
	case g.Gauge == "":
		return errors.New("it has no name")
	case g.Unit < 0 || g.Unit > mostHeld || (g.Unit > 0) != (g.Gauge == GaugeRSS && g.Kept != nil):
		return fmt.Errorf("one unit of it is %d bytes", g.Unit)
	case len(g.Probes) > mostCompared || g.Kept == nil && (len(g.Probes) > 0 || g.Unfit == ""):
		return errors.New("what it kept is neither known nor said to be unknown")
	case (g.Level == nil) == (g.NoLevel == ""):
		return errors.New("its level is neither known nor said to be unknown")
	}
	if err := g.Level.refuse(0, mostHeld); err != nil { // nor is it less behind a cut
		return err
	}
	kept := []ProbeFigures{}
	if g.Kept != nil {
		kept = append(kept, ProbeFigures{Kept: *g.Kept})
	}
	named := map[string]bool{}
	for _, p := range g.Probes {
		if p.Probe == "" || named[p.Probe] {
			return fmt.Errorf("its endpoint %q is none, or is there twice", p.Probe)
		}
		named[p.Probe] = true
	}
	for _, p := range append(kept, g.Probes...) {
		k := p.Kept
		if k.Requests < 1 || k.Requests > mostHeld || k.LoadWaves < 1 || int64(k.LoadWaves) > k.Requests ||
			!wholeUnits(k.Gained) || !wholeUnits(k.Held) || !inRange(k.Dispersion, 1, max(1, mostScattered*k.Gained)) {
			return fmt.Errorf("it kept %g in %d requests of %d waves, with %g held and a dispersion of %g", k.Gained, k.Requests, k.LoadWaves, k.Held, k.Dispersion)
		}
	}
	return nil
}

// refuseWhole says what no run can have come to over all its requests.
func refuseWhole(k *ratchet.Kept) error {
	if k != nil && !(inRange(k.Seconds, 0, longest.Seconds()) && inRange(k.Peak, 0, mostHeld) && inRange(k.Fell, 0, mostHeld)) {
		return fmt.Errorf("in %g s it rose to %g and fell by %g", k.Seconds, k.Peak, k.Fell)
	}
	return nil
}

func (m *Measured) refuse(least, most float64) error {
	if m != nil && !(inRange(m.Low, least, m.Value) && inRange(m.Value, m.Low, m.High) && inRange(m.High, m.Value, most)) {
		return fmt.Errorf("%g is not from %g to %g", m.Value, m.Low, m.High)
	}
	return nil
}

// wholeUnits says that x is a number of units that can be held.
func wholeUnits(x float64) bool { return inRange(x, 0, mostHeld) && x == math.Trunc(x) }

// inRange is false also of what is no number.
func inRange(x, least, most float64) bool { return x >= least && x <= most && !math.IsInf(x, 0) }
