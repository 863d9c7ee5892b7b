package soak

import (
	"context"
	"fmt"
	"time"

	"hermes-soak/soak/ratchet"
)

// Observe makes a watch of a scenario: no request is sent but those of the health
// ladder, and growth can be judged by time alone.
type Observe struct {
	// Every is the time from one sample to the next.
	Every time.Duration `json:"every_ns"`
	// ClimbEvery is the time from one climb of the health ladder to the next.
	ClimbEvery time.Duration `json:"climb_every_ns"`
	// Alert is the share of the soft limit at which headroom fails, 0.8 for 80 %.
	Alert float64 `json:"alert_headroom"`
}

// validate reports the first thing in the watch that cannot be carried out.
func (o *Observe) validate() error {
	switch {
	case o.Every <= 0:
		return fmt.Errorf("every: want a positive duration, not %s", o.Every)
	case o.ClimbEvery <= 0:
		return fmt.Errorf("climb-every: want a positive duration, not %s", o.ClimbEvery)
	case !(o.Alert > 0 && o.Alert <= 1):
		return fmt.Errorf("alert-headroom: want a share of the limit above 0, such as 80%%, not %g%%", 100*o.Alert)
	}
	return nil
}

// observe samples the target until the time is up or the user has seen enough,
// which is how a watch ends: it has no plan that it would be cut off from.
func (r *running) observe(ctx context.Context) error {
	climbing, done := r.patience(ctx)
	defer done()
	loop, climb := *r.Loop, r.Climb
	loop.Climb = func(_ context.Context, when string) Ladder { return climb(climbing, when) }
	r.Loop = &loop
	end := r.meet(ctx)
	if end == nil {
		end = r.samples(ctx)
	}
	if end != nil && !stopped(end, StopWedged) {
		return end
	}
	if err := r.rest(ctx, RestEnd); err != nil {
		return err
	}
	if end != nil {
		return end // its ladder was climbed just now
	}
	_, err := r.climb(ctx, ClimbEnd)
	return err
}

// samples takes one sample after the other, and climbs the ladder now and then.
func (r *running) samples(ctx context.Context) error {
	o, whole := r.Start.Scenario.Observe, r.Start.Scenario.For
	from := r.now()
	for last, climbed := from, from; whole == 0 || last-from < whole; {
		done := WaveDone{Wave: outside(WaveWatch), Start: last}
		if r.waits(ctx, last+o.Every-r.now()) {
			return ctx.Err()
		}
		if err := settle(ctx, r.Sampler); err != nil {
			return r.lost(ctx, err)
		}
		if err := r.sample(ctx, &done); err != nil {
			return err
		}
		last = done.End
		if r.Seen != nil {
			r.Seen(r.report)
		}
		if last-climbed < o.ClimbEvery {
			continue
		}
		climbed = last
		if err := r.serves(ctx); err != nil {
			return err
		}
	}
	return nil
}

// waits waits for d; over says that the user, or ctx, ended the watch meanwhile.
func (r *running) waits(ctx context.Context, d time.Duration) (over bool) {
	t := time.NewTimer(max(0, d))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.Quit:
	case <-t.C:
		return false
	}
	return true
}

// watching reports whether the run is a watch.
func (r *Report) watching() bool { return r.Start.Scenario.Observe != nil }

// watchCell is how many samples of a watch stand in one cell. A cell whose waves
// all have a dose says nothing of what causes a rise, and how unevenly it rises.
const watchCell = 3

// watchWave is a sample of a watch as the ratchet takes it: in the place of the
// requests stands the time, in whole samples, so that all rules on growth with
// the requests are rules on growth with time.
func (r *Report) watchWave(i int) ratchet.Wave {
	w := r.waves.at(i)
	every := r.Start.Scenario.Observe.Every
	return ratchet.Wave{Cell: i / watchCell, Block: -1, Probe: -1, Requests: max(1, int((w.End-w.Start+every/2)/every)), Start: w.Start, End: w.End}
}

// mostWatched bounds the samples that a watch keeps in memory: a day of them at
// the default pace.
const mostWatched = 1 << 14

// thin halves the samples of a watch that has too many. Of two neighbours the
// lower value stays, as it does of the looks of one reading, and with it the level
// that the gauge was never below again.
func (r *Report) thin() {
	if !r.watching() || r.waves.len() < mostWatched {
		return
	}
	r.waves = r.waves.halved()
	for gauge, c := range r.series {
		r.series[gauge] = c.halved()
	}
}

// halved is the column with each two waves as one, at the lower of their values.
func (c *column) halved() *column {
	if c == nil {
		return nil
	}
	to := map[string]*column{}
	wave, low := -1, int64(0)
	c.each(func(i int, v int64) {
		if wave == i/2 {
			low = min(low, v)
			return
		}
		if wave >= 0 {
			note(to, "", wave, low)
		}
		wave, low = i/2, v
	})
	note(to, "", wave, low)
	return to[""]
}

// Outlook is what a watch has learned so far of the handles.
type Outlook struct {
	// Text says it in words, as Trend.
	Text string
	// PerHour is how fast they grow, with the interval; nil where that is not known.
	PerHour *ratchet.Interval
	// Hours is how far the limit is at that rate; nil where it would not be reached, or
	// was.
	Hours *ratchet.Span
	// Leak is whether growth of the handles would fail if the watch ended now; nil where
	// it would say nothing.
	Leak *bool
}

// Trend says what a watch has learned so far of the handles: how fast they grow,
// with the interval, and when they would reach the limit.
func (r *Report) Trend() string { return r.Outlook().Text }

// Outlook is Trend with its figures.
func (r *Report) Outlook() Outlook {
	if at := r.atLimit(); at != "" {
		return Outlook{Text: "trend=?; it is " + at}
	}
	g := growths(r)[0]
	var leak *bool
	if v := g.verdict(r); v.Status != Unknown {
		fails := v.Status == Fail
		leak = &fails
	}
	switch {
	case g.Judged == 0 || g.LoadWaves < leastRises:
		return Outlook{Text: "trend=?", Leak: leak}
	case g.Gained == 0:
		return Outlook{Text: "trend=0", PerHour: &g.PerHour, Leak: leak}
	}
	o := Outlook{Text: "trend=" + perTime(g.PerHour, 1, g.unit()), PerHour: &g.PerHour, Leak: leak}
	g.class = LeakPerTime // were it to go on
	if f, ok := g.forecast(r); ok {
		o.Text += "; " + f.reached()
		o.Hours = &f.hours
	}
	return o
}

// Alert says that the handles have reached the share of the limit that a watch
// warns of; "" before.
func (r *Report) Alert() string {
	fds, limit, ok := r.nearestLimit()
	if !ok || float64(fds) < r.headroomShare()*float64(limit) {
		return ""
	}
	return fmt.Sprintf("%d of %d file descriptors, %.0f %% of the soft limit%s", fds, limit, 100*float64(fds)/float64(limit), heldByGroups(r))
}

// headroomShare is the share of the soft limit at which headroom fails.
func (r *Report) headroomShare() float64 {
	if o := r.Start.Scenario.Observe; o != nil {
		return o.Alert
	}
	return headroomShare
}
