// Package soak is the domain of hermes-soak: the plan of a soak, the loop that
// carries it out, what it learns, and how that is judged. It knows no process,
// disk, network or screen; those come in through the seams in seams.go.
//
// The words, used everywhere in the code, the flags and the reports:
//
//	scenario  the whole plan: probes, batches, concurrency, checks, seed
//	probe     one request and what a right answer is
//	step      a request sent with each request of a probe, before or after it
//	wave      one round of requests to one probe; an idle slot is a wave of zero
//	cell      one load wave and two idle slots in random order
//	batch     the cells that are reported together, one line
//	settle    wait until the target is at rest, bounded
//	sample    what the target held at rest after a wave
//	gauge     one sampled quantity; its values in order are a series
//	group     the files that a watch pattern selects, counted as one gauge
//	drain     a stretch without requests after the load
//	watch     a run that sends no request but those of the health ladder
//	outlook   how fast the handles grow in a watch, and when they would reach the limit
//	look      growth judged after a drain; where it is not decided, the load goes on
//	trace     what was counted inside the target's own processes
//	site      a line of the target's code that opens connections; an opener opens descriptors
//	change    a process of the target that came to stay, or ended
//	check     a rule over the run; its answer is a verdict: pass, fail or
//	          unknown, with a reason
//	cut       where a run broke off, and from which another process goes on with it
//	act       a fault after which the target is another process; done after the last look
//	run       one soak; a run is its events
//	history   the runs that were recorded, in one file
//	baseline  a run that has a name, for later ones to be compared with
//	going     a run that goes on, as a page shows it: without a verdict
//	report    all that a run learned, and all that a reporter may read
//
// Data goes one way: scenario, waves, samples, events, report, checks,
// reporters. Replay makes the report from the events, for the live run and for
// a recorded one alike, so that judging again gives the same verdict.
package soak
