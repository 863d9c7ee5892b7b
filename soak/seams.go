package soak

import (
	"context"
	"io"
)

// A Driver sends the requests of one wave and reports what came back. When ctx
// is done no further request starts; those in flight end within the scenario's
// timeout for each of their steps. Failed requests are answers, and after three in a row without a
// whole answer the rest of the wave may be dropped. An error means that the target
// was not tried. No connection is left open when Send returns.
type Driver interface {
	Send(ctx context.Context, w Wave) (Outcome, error)
}

// A Sampler reads what the target holds open now. Its errors wrap ErrGone or
// ErrBlind where these are the reason.
type Sampler interface {
	Sample(ctx context.Context) (Sample, error)
}

// A Counter is a Sampler that can also count so cheaply that it may do so all through
// a wave, to catch the peak, and to see that the target has come to rest. Its errors
// also wrap errors.ErrUnsupported, where it cannot.
type Counter interface {
	// Count is how many file descriptors are open in the processes that were seen last.
	Count() (int64, error)
	// Recount counts their threads too. If all is true it looks for new processes first.
	Recount(all bool) (Count, error)
}

// A Glancer is a Sampler that can leave out what takes longest, the states of sockets.
type Glancer interface {
	Glance(ctx context.Context) (Sample, error)
}

// A Tracer is a Sampler that also tells what was counted inside the target's own
// processes. It is asked only at rest.
type Tracer interface {
	Trace(ctx context.Context) Trace
}

// A Fault disturbs the target until it is healed.
type Fault interface {
	// Inject disturbs the target once; heal ends that, is called exactly once, also when ctx is done, and is never nil where err is nil.
	Inject(ctx context.Context) (heal func(context.Context) error, err error)
}

// An Actor does the acts of a plan, and reads the target whichever process it is by
// then.
type Actor interface {
	Sampler
	// Act does the act of that index once and has the target come back, without a wait
	// for its health. An error means that it was not done.
	Act(ctx context.Context, act int) (Acted, error)
	// Climb asks only whether the target is healthy.
	Climb(ctx context.Context) Ladder
}

// A Check judges a run, one verdict for each thing it looked at.
type Check interface {
	Judge(r *Report) []Verdict
}

// A Recorder takes events as they happen: a file, a progress bar.
type Recorder interface {
	Record(e Event) error
}

// A Reporter writes one report to w. It computes nothing.
type Reporter func(w io.Writer, r *Report) error
