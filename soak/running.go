package soak

import (
	"context"
	"time"
)

// running is a soak under way.
type running struct {
	*Loop
	began  time.Time
	report *Report
	seq    int64
	slots  *slotClock
	// faultSlots are those of the cells of faults, by probe: a fault takes its own time.
	faultSlots map[int]*slotClock
	largest    int             // requests of the largest load wave
	last       Sample          // the newest reading
	cell       int             // cells begun
	firstCell  time.Duration   // when the first of them began
	census     census          // of the target's processes
	failing    int             // looks of --fail-fast running at which growth failed
	muted      map[int]int     // waves running without a whole answer, by probe
	seen       map[string]bool // watched groups of which a file was seen open
	openLooks  map[int]int     // looks for such files, while requests of a probe were under way
	batch      BatchSummary
	latencies  []*latency // of the batch in hand, one a probe
	whole      *latency   // of all of them
	encoder    *encoder
}

func (r *running) now() time.Duration { return time.Since(r.began) }

// emit adds the event to the report and hands it to the recorder. A run that cannot be
// recorded is not worth going on with.
func (r *running) emit(e Event) error {
	e = r.stamp(e)
	if err := r.report.Apply(e); err != nil {
		return err
	}
	if err := r.Recorder.Record(e); err != nil {
		return &halt{Stop{StopBroken, "record the run: " + err.Error()}}
	}
	return nil
}

// stamp makes it the next event of the run.
func (r *running) stamp(e Event) Event {
	e.Schema, e.Run, e.Source, e.Seq = Schema, r.Run, r.Source, r.seq
	e.Wall, e.Mono = time.Now(), r.now()
	r.seq++
	return e
}

// wave carries out one wave in a slot of the given length: requests, settling,
// then the rest of the slot, then the reading. A wave before the cells has no
// slot: its length is 0.
func (r *running) wave(ctx context.Context, w Wave, length time.Duration) error {
	done := WaveDone{Wave: w, Start: r.now()}
	if w.Requests > 0 {
		if err := r.send(ctx, &done); err != nil {
			return err
		}
	}
	if r.report.fault(w.Probe) {
		if err := r.recovered(ctx, &done); err != nil {
			return err
		}
	}
	sent := r.now()
	if err := settle(ctx, r.Sampler); err != nil {
		return r.ended(&done, r.lost(ctx, err))
	}
	settled := r.now()
	if length > 0 {
		done.Overran = settled-done.Start > length
		if err := pause(ctx, done.Start+length-settled); err != nil {
			return err
		}
	}
	if err := r.sample(ctx, &done); err != nil {
		return err
	}
	if w.Requests == 0 {
		return r.quitting(w)
	}
	if err := r.ceiling(); err != nil {
		return err
	}
	if err := r.timed(done, sent-done.Start, settled-sent); err != nil {
		return err
	}
	return r.answered(ctx, done)
}

// sample takes the reading that ends a wave.
func (r *running) sample(ctx context.Context, done *WaveDone) error {
	s, err := reading(ctx, r.Sampler)
	if err != nil {
		return r.ended(done, r.lost(ctx, err))
	}
	if err := r.follow(ctx, s); err != nil {
		return r.ended(done, err)
	}
	r.last = s
	done.End, done.Sample = r.now(), s
	done.Sample.Table = nil // the batch and the rests carry it
	return r.emit(Event{Kind: "wave", Wave: done})
}

// send sends the requests of the wave and watches for the peak meanwhile.
func (r *running) send(ctx context.Context, done *WaveDone) error {
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-r.Quit:
			cancel()
		case <-stopped:
		}
	}()
	peak, open := r.watchPeak(), r.watchOpen(ctx, done.Probe)
	out, err := r.Driver.Send(loading, done.Wave)
	done.Peak, done.Open = peak(), open()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &halt{Stop{StopBroken, err.Error()}}
	}
	done.Outcome = out
	if done.Kind == WaveLoad {
		return r.count(*done)
	}
	return nil
}

// rest takes a reading outside the cells, with the table of handles.
func (r *running) rest(ctx context.Context, at string) error {
	s, err := AtRest(ctx, r.Sampler)
	if err != nil {
		return r.lost(ctx, err)
	}
	if err := r.follow(ctx, s); err != nil {
		return err
	}
	r.last = s
	s.Trace = r.trace(ctx)
	return r.emit(Event{Kind: "rest", Rest: &Rest{At: at, Sample: s, Goroutines: r.readGoroutines(ctx)}})
}

// trace is what was counted inside the target; nil where it is not traced.
func (r *running) trace(ctx context.Context) *Trace {
	t, ok := r.Sampler.(Tracer)
	if !ok {
		return nil
	}
	counted := t.Trace(ctx)
	return &counted
}

// readGoroutines asks the target, which is a request to it: it comes after what was
// sampled. nil where they are not looked at.
func (r *running) readGoroutines(ctx context.Context) *Goroutines {
	if r.Goroutines == nil {
		return nil
	}
	stacks, err := r.Goroutines(ctx)
	if err != nil {
		return &Goroutines{Unknown: err.Error()}
	}
	return &Goroutines{Stacks: stacks}
}

// closeBatch closes the batch in hand with the newest reading, and looks whether
// the process is there and listens. Only what is wrong is recorded.
func (r *running) closeBatch(ctx context.Context) error {
	done := BatchDone{BatchSummary: r.batch, Table: r.last.Table, Trace: r.trace(ctx), Goroutines: r.readGoroutines(ctx), Latency: map[string]string{}}
	r.whole.h.Reset()
	for p, l := range r.latencies {
		if l.empty() {
			continue
		}
		encoded, err := r.encoder.encode(l)
		if err != nil {
			return err
		}
		done.Latency[r.Start.Scenario.Probes[p].Name] = encoded
		r.whole.merge(l)
		l.h.Reset()
	}
	if fds := r.last.Gauges[GaugeFDs]; done.PeakFDs != nil && fds > *done.PeakFDs {
		done.PeakFDs = &fds // a look may have missed the highest moment
	}
	done.Gauges, done.P50, done.P99 = r.last.Gauges, r.whole.quantile(50), r.whole.quantile(99)
	r.batch = BatchSummary{}
	if err := r.emit(Event{Kind: "batch", Batch: &done}); err != nil {
		return err
	}
	return r.standing(ctx)
}

// count adds a load wave to the batch in hand.
func (r *running) count(w WaveDone) error {
	if r.report.fault(w.Probe) {
		return nil // a batch counts requests
	}
	r.batch.Requests += w.Sent()
	r.batch.Errors += w.Errors()
	if w.Peak != nil && (r.batch.PeakFDs == nil || *w.Peak > *r.batch.PeakFDs) {
		r.batch.PeakFDs = w.Peak
	}
	for _, d := range w.Latencies {
		if err := r.latencies[w.Probe].record(d); err != nil {
			return err
		}
	}
	return nil
}
