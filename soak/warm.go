package soak

import "context"

// meet looks at the target at rest, and whether it serves.
func (r *running) meet(ctx context.Context) error {
	if err := r.rest(ctx, RestBefore); err != nil {
		return err
	}
	return r.mustServe(ctx)
}

// mustServe ends the run where the target does not serve at its beginning.
func (r *running) mustServe(ctx context.Context) error {
	lad, err := r.climb(ctx, ClimbStart)
	if err != nil {
		return err
	}
	if !lad.State.Serving() {
		return &halt{Stop{StopWedged, lad.Evidence}}
	}
	return nil
}

// before meets the target and warms it up.
func (r *running) before(ctx context.Context) error {
	if err := r.meet(ctx); err != nil {
		return err
	}
	return r.warmUp(ctx)
}

// warmUp sends one request to every probe and fills the target's pools: nothing in it
// is judged as growth.
func (r *running) warmUp(ctx context.Context) error {
	for p := range r.Start.Scenario.endpoints() {
		w := outside(WaveFirst)
		w.Probe, w.Requests = p, 1
		if err := r.wave(ctx, w, 0); err != nil {
			return err
		}
	}
	if err := r.rest(ctx, RestFirst); err != nil {
		return err
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	return r.rest(ctx, RestLoaded)
}

// fill sends bursts until two running add no handle.
func (r *running) fill(ctx context.Context) error {
	s := r.Start.Scenario
	for burst, quiet := 0, 0; burst < prefillBursts && quiet < 2; burst++ {
		held := r.last.Gauges[GaugeFDs]
		w := outside(WavePrefill)
		w.Probe, w.Requests = burst%s.endpoints(), 4*s.Concurrency
		if err := r.wave(ctx, w, 0); err != nil {
			return err
		}
		quiet++
		if r.last.Gauges[GaugeFDs] > held {
			quiet = 0
		}
	}
	return nil
}
