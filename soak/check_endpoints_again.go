package soak

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// againRequests are those of one wave that asks whether an endpoint still answers.
const againRequests = 3

// again asks every endpoint once the load with its faults is over: a late one may have
// left a part of the server dead that no request of the cells met since. It asks until
// one wave has a good answer, or the time of a recovery is over.
func (r *running) again(ctx context.Context) error {
	s := r.Start.Scenario
	if s.endpoints() == len(s.Probes) {
		return nil
	}
	from := r.now()
	for p := range s.endpoints() {
		w := outside(WaveAgain)
		w.Probe, w.Requests = p, againRequests
		for {
			if err := r.wave(ctx, w, 0); err != nil {
				return err
			}
			last := r.report.waves.at(r.report.waves.len() - 1)
			if r.report.well(last) || !r.report.wasWell(p) || r.now()-from >= s.RecoverWithin {
				break
			}
			if err := pause(ctx, recoveryPoll); err != nil {
				return err
			}
		}
	}
	return nil
}

// endpointsAgain are the endpoints that answered well in the run, and not when they
// were asked again after its faults.
func (r *Report) endpointsAgain() (all []Verdict) {
	var dead, faults []string
	for p := range r.Start.Scenario.endpoints() {
		last := -1
		for i := range r.waves.len() {
			if w := r.waves.at(i); w.Kind == WaveAgain && w.Probe == p {
				last = i
			}
		}
		if last < 0 || r.well(r.waves.at(last)) || !r.wasWell(p) {
			continue
		}
		how := "no answer came"
		if a := r.waves.at(last).answers(); len(a) > 0 {
			how = r.bad(p, a[len(a)-1])
		}
		dead = append(dead, fmt.Sprintf("%s: %s", r.Endpoints[p].Probe, how))
	}
	if len(dead) == 0 {
		return nil
	}
	for i := range r.waves.len() {
		if p := r.waves.at(i).Probe; r.fault(p) && !slices.Contains(faults, r.Start.Scenario.Probes[p].Name) {
			faults = append(faults, r.Start.Scenario.Probes[p].Name)
		}
	}
	reason := "answered well in the run, and no more"
	if len(faults) > 0 {
		reason += " after " + strings.Join(faults, ", ")
	}
	v := failed(LeakNone, "NO RECOVERY ", fmt.Sprintf("%s, within %s: %s", reason, r.Start.Scenario.RecoverWithin, strings.Join(dead, "; ")))
	v.Subject = "endpoints"
	return []Verdict{v}
}

// wasWell says whether the endpoint was answered well before it was asked again.
func (r *Report) wasWell(p int) bool {
	for _, w := range r.waves.all() {
		if w.Probe == p && w.Kind != WaveAgain && r.well(w) {
			return true
		}
	}
	return false
}

// well says whether a wave of an endpoint had a good answer.
func (r *Report) well(w wave) bool {
	return w.outcome().Count(func(a Answer) bool { return r.bad(w.Probe, a) == "" }) > 0
}

// bad says what is wrong with an answer of the endpoint; empty for nothing.
func (r *Report) bad(p int, a Answer) string {
	if a.Class == ClassStatus {
		return fmt.Sprintf("%s %d", a.ended(), a.Status)
	}
	if a.Class != ClassOK {
		return string(a.ended())
	}
	if bytes, items, steady := baseline(r, p); steady && a.hollow(bytes, items) {
		return fmt.Sprintf("a hollow body of %s, where it brought %s before the load", content(a.Bytes, a.Items), content(bytes, items))
	}
	return ""
}

// hollow says that the answer brings less than half of that.
func (a Answer) hollow(bytes int64, items *int) bool {
	return 2*a.Bytes < bytes || items != nil && a.Items != nil && 2**a.Items < *items
}
