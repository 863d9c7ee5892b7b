package soak

import "fmt"

// AmplifyNoGC runs the target without its garbage collector, so that what only the
// collector gives back stays.
const AmplifyNoGC = "gc-off"

const (
	amplifiedMemory  = 1 << 30 // bytes over the start that end the load
	amplifiedBatches = 2       // running, after which growth that fails is confirmed
)

// ceiling ends an amplified load before it takes the machine's memory or the
// target's descriptors: both grow without bound.
func (r *running) ceiling() error {
	if r.Start.Scenario.Amplify == "" {
		return nil
	}
	if before, ok := r.report.Rests[RestBefore].Gauges[GaugeRSS]; ok && r.last.Gauges[GaugeRSS]-before >= amplifiedMemory {
		return &halt{Stop{StopCeiling, fmt.Sprintf("the target took %d MiB more memory than before", (r.last.Gauges[GaugeRSS]-before)>>20)}}
	}
	if n := r.last.Nearest; n != nil && 2*n.FDs >= n.Limit {
		return &halt{Stop{StopCeiling, fmt.Sprintf("pid %d held %d of %d file descriptors", n.PID, n.FDs, n.Limit)}}
	}
	return nil
}

// confirmed ends an amplified load once growth has failed after two batches running.
func (r *running) confirmed(batch int) error {
	if _, ok := failing(r.report); !ok {
		r.failing = 0
		return nil
	}
	if r.failing++; r.failing < amplifiedBatches {
		return nil
	}
	return &halt{Stop{StopCeiling, fmt.Sprintf("growth failed after %d batches running, the last batch %d", amplifiedBatches, batch)}}
}

// amplified says whether the amplification held; asked is false where there was
// none. A pass of a run that was not amplified is no answer to what was asked.
func amplified(r *Report) (v Verdict, asked bool) {
	v = Verdict{Check: "amplified", Status: Unknown}
	switch t := r.Start.Target; {
	case r.Start.Scenario.Amplify == "":
		return v, false
	case t.Amplified == "":
		v.Reason = "the target is no Python that could be traced, and not Go: its garbage collector, if it has one, was left alone"
	case r.Trace != nil && r.Trace.Collections > 0:
		v.Reason = fmt.Sprintf("the amplification was undone: the cyclic garbage collector was turned off and ran %d times all the same; look for gc.enable and gc.collect", r.Trace.Collections)
	case r.Trace != nil && r.Trace.Unknown != "":
		v.Reason = "not every process was amplified: " + r.Trace.Unknown
	case t.Amplified == "go":
		v.Status, v.Reason = Pass, "the target ran with GOGC=off; that it does not set its own cannot be seen"
	default:
		v.Status, v.Reason = Pass, "the cyclic garbage collector was off throughout"
	}
	return v, true
}

// amplify says how an answer about handles may be had where a garbage collector
// stands in the way.
func (g grown) amplify(r *Report) string {
	t := r.Start.Target.Tracing
	if g.family != "handles" || t == nil || !t.Loaded || r.Start.Scenario.Amplify != "" || r.Stop.Reason != StopDone {
		return ""
	}
	return ", or with --amplify " + AmplifyNoGC + ": without its garbage collector the server shows at once what it does not close itself"
}
