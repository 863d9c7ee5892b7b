package soak

import "fmt"

// silent is told of an endpoint that got no whole answer in so many waves running
// that the run was given up. Those before the load count as well: how far such a
// run comes is chance, and so is what share of its answers they are.
func silent(r *Report) (v Verdict, told bool) {
	if r.Start.Assumed != "" {
		return Verdict{}, false
	}
	sent, unanswered, worst := 0, 0, 0
	came, waves := make([]Endpoint, len(r.Endpoints)), make([]int, len(r.Endpoints))
	for i := range r.waves.len() {
		w := r.waves.at(i)
		n := w.Sent()
		if n == 0 || r.fault(w.Probe) {
			continue
		}
		out := w.outcome()
		if sent += n; r.unfinished(out) < n {
			came[w.Probe], waves[w.Probe] = Endpoint{}, 0
			continue
		}
		came[w.Probe].Probe = r.Endpoints[w.Probe].Probe
		came[w.Probe].add(out)
		waves[w.Probe]++
	}
	for p := range came {
		unanswered += came[p].Requests
		if waves[p] > waves[worst] {
			worst = p
		}
	}
	if len(waves) == 0 || waves[worst] < mutedAfter {
		return Verdict{}, false
	}
	v = Verdict{Status: Fail, Class: LeakNone}
	reason := fmt.Sprintf("none of the %d requests was answered: %s", sent, errorList(r, came))
	if unanswered < sent {
		v.Subject = came[worst].Probe
		only := make([]Endpoint, len(came))
		only[worst] = came[worst]
		reason = fmt.Sprintf("none of the last %s to one endpoint was answered: %s", count(int64(came[worst].Requests), "request"), errorList(r, only))
	}
	v.Reason, v.Headline = reason+". The server's log should say why", "ERRORS "+reason
	return v, true
}
