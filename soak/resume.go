package soak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Resumable is the plan of a run that broke off, as it can be carried out again. An
// error says why it cannot go on. Of a request that is more than a page without a query
// the record does not hold what was sent, since that may be a secret.
func (r *Report) Resumable() (Scenario, error) {
	s := r.Start.Scenario
	if err := r.resumable(); err != nil {
		return s, err
	}
	if s.Login != nil || len(s.Headers) > 0 {
		return s, errors.New("its requests carried headers or a login, which are never recorded")
	}
	s.Probes = nil
	for _, p := range r.Start.Scenario.Probes {
		p, err := p.resent()
		if err != nil {
			return s, err
		}
		s.Probes = append(s.Probes, p)
	}
	_, err := r.goneThrough(NewLayout(&s))
	return s, err
}

// resent is the probe with its path, which its record has only in its name.
func (p Probe) resent() (Probe, error) {
	again, err := NewProbe(strings.TrimPrefix(p.Name, "GET "))
	if err != nil || again.Name != p.Name || strings.Contains(p.Name, "?") || p.Method != "GET" || p.HasSteps() || p.ContentType != "" || len(p.Headers) > 0 {
		return p, fmt.Errorf("%s is more than a page without a query at one address, and what else it sent is never recorded", p.Name)
	}
	p.Path = again.Path
	return p, nil
}

// ErrNotResumed says that a run which broke off was left as it is.
var ErrNotResumed = errors.New("the run cannot go on")

// goOn takes over what was recorded, and records the cut. Its error wraps ErrNotResumed,
// and that of the recorder. That nothing listens now is not of a run which nobody carried
// out meanwhile: it may go on later.
func (r *running) goOn(ctx context.Context) error {
	if lad := r.Peek(ctx, ClimbStart); lad.State == StateRefused {
		return fmt.Errorf("%w before the server listens again: %s", ErrNotResumed, lad.Evidence)
	}
	r.report = r.Resumed
	lost, err := r.report.mostLost()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotResumed, err)
	}
	r.seq, r.began = r.report.events, time.Now().Add(-r.report.Elapsed)
	e := r.stamp(Event{Kind: "cut", Cut: &Cut{Away: max(0, time.Since(r.report.wall)), Lost: lost}})
	if err = r.report.Apply(e); err == nil {
		err = r.Recorder.Record(e)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotResumed, err)
	}
	return nil
}

// behindCut brings the run to where it broke off: the plan behind the cells that were
// recorded, the target up and, as before the first cell, with its pools filled.
func (r *running) behindCut(ctx context.Context, plan *Layout) error {
	var err error
	if r.cell, err = r.report.goneThrough(plan); err != nil {
		return err
	}
	r.firstCell, r.batch = r.report.firstCell(), r.report.inHand()
	if err := r.mustServe(ctx); err != nil {
		return err
	}
	if _, warm := r.report.Rests[RestLoaded]; !warm {
		return r.warmUp(ctx)
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	return r.rest(ctx, RestResumed)
}

// firstCell is when the first cell began.
func (r *Report) firstCell() time.Duration {
	for i := range r.waves.len() {
		if r.waves.at(i).Cell >= 0 {
			return r.waves.at(i).Start
		}
	}
	return 0
}

// loaded is how long the load took from its first cell to the end of its last one, with
// the drains between them, which are idle slots by then. What came behind it, and was cut,
// makes it no longer.
func (r *Report) loaded() time.Duration {
	for i := r.waves.len() - 1; i >= 0; i-- {
		if r.waves.at(i).Cell >= 0 {
			return r.waves.at(i).End - r.firstCell()
		}
	}
	return 0
}

// goneThrough deals the cells whose load was recorded, and returns the number of the
// next one. What the user did not let the last of them send is dealt again. An error
// means that they are not those of the plan.
func (r *Report) goneThrough(plan *Layout) (next int, err error) {
	for range r.Extensions {
		plan.Extend()
	}
	for i := range r.waves.len() {
		w := r.waves.at(i)
		next = max(next, w.Cell+1)
		if w.Kind != WaveLoad {
			continue
		}
		c, ok := plan.Next(plan.timeOf(w.Block))
		if !ok || c.Probe != w.Probe || plan.cells > 0 && (c.Requests != w.Requests || c.Batch != w.Batch) {
			return 0, fmt.Errorf("its cell %d is not that of its plan: another version of this program has dealt it", w.Cell)
		}
		if left := c.Requests - w.Sent(); left > 0 && r.stoppedIn(i) {
			c.Requests = left
			plan.back = &c
		}
	}
	return next, nil
}

// stoppedIn says that the user ended the load in that wave: the drain followed.
func (r *Report) stoppedIn(wave int) bool {
	next := wave + 1
	for next < r.waves.len() && r.waves.at(next).Kind == WaveDrain {
		next++
	}
	if next == r.waves.len() && r.Stop.Reason == StopInterrupted {
		return true
	}
	return slices.ContainsFunc(r.cuts, func(c cutAt) bool { return c.stopped && c.wave == next })
}

// inHand is the batch that was not closed; Batch is 0 where there is none.
func (r *Report) inHand() (b BatchSummary) {
	peaks := r.waves.peaks.read()
	for i := range r.waves.len() {
		w := r.waves.at(i)
		if w.Kind != WaveLoad || w.Batch <= len(r.Batches) {
			continue
		}
		b.Batch = w.Batch
		b.Requests += w.Sent()
		b.Errors += w.outcome().Errors()
		if n, ok := peaks.at(i); ok && (b.PeakFDs == nil || n > *b.PeakFDs) {
			b.PeakFDs = &n
		}
	}
	return b
}

// mostLost is the most requests that were sent and are not in the record: a run that
// was killed has lost what it had sent since the last event that was written.
func (r *Report) mostLost() (n int, err error) {
	if r.Stop.Reason == StopInterrupted {
		return 0, nil
	}
	s := &r.Start.Scenario
	if k := len(r.cuts); k > 0 && r.cuts[k-1].wave == r.waves.len() || r.firstCell() == 0 {
		n = s.endpoints() + prefillBursts*4*s.Concurrency
	}
	plan := NewLayout(s)
	if _, err := r.goneThrough(plan); err != nil {
		return 0, err
	}
	if plan.cells == 0 { // a batch of a plan by time ends with the wave that fills it
		return n + s.Requests + plan.Largest(), nil
	}
	c, more := plan.Next(0)
	if !more && len(r.Extensions)+1 < s.looks() {
		plan.Extend()
		c, more = plan.Next(0)
	}
	for batch := c.Batch; more && c.Batch == batch; c, more = plan.Next(0) {
		n += c.Requests
	}
	return n, nil
}
