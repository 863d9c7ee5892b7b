package soak

import "fmt"

const (
	failFastFirst  = 5   // the batch after which growth is looked at first, then after 10, 20, 40 ...
	failFastLooks  = 3   // failing looks running that end the load
	failFastGained = 200 // units gained that end it, or a quarter of the headroom if that is less
)

// failFast ends the load, where the scenario asks for it, once growth has failed
// at enough looks running and by so much that the rest would not clear it.
func (r *running) failFast(batch int) error {
	if r.Start.Scenario.Amplify != "" {
		return r.confirmed(batch)
	}
	if !r.Start.Scenario.FailFast || !failFastLook(batch) {
		return nil
	}
	gained, ok := failing(r.report)
	if !ok {
		r.failing = 0
		return nil
	}
	if r.failing++; r.failing < failFastLooks || gained < r.report.muchGained() {
		return nil
	}
	return &halt{Stop{StopFailFast, fmt.Sprintf("growth failed at %d looks running, the last after batch %d, by %d", r.failing, batch, gained)}}
}

func failFastLook(batch int) bool {
	n := failFastFirst
	for n < batch {
		n *= 2
	}
	return n == batch
}

// muchGained is how many units gained are enough to end the load.
func (r *Report) muchGained() int64 {
	_, limit, ok := r.nearestLimit()
	if !ok {
		return failFastGained
	}
	before := r.Rests[RestBefore]
	held := before.Gauges[GaugeFDs]
	if before.Nearest != nil {
		held = before.Nearest.FDs
	}
	return min(failFastGained, (limit-held)/4)
}
