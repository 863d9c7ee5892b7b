package ratchet

import "fmt"

// Stretch is what an idle stretch says of a leak on time.
type Stretch struct {
	Rises       int
	Gained      int64   // units the never-released level rose, guard excluded
	Expected    float64 // units it would have risen at the load part's rate
	Seconds     float64 // judged
	Persistence Persistence
	Confirmed   bool
	Why         string // why it is not confirmed, else empty
}

// Confirm judges the idle stretch that follows a PerTimeCandidate: waves without requests, run by themselves, at least as long as the
// judged load part. The leak is confirmed where the never-released level still rose at least 3 times, and by at least a third of what the load
// part's rate predicts, and the rises went on to the end (Persistence, over time instead of requests).
//
// A third: a server at rest does less on time than one under load, and of the 8 or more units that a candidate gained a Poisson count
// falls under a third of its mean in less than 2 % of cases; a growth that needed the load gains nothing here.
func Confirm(load Growth, idle Segment) Stretch {
	var s Stretch
	n := len(idle.Values)
	if n == 0 {
		s.Why = "there was no idle stretch"
		return s
	}
	floor := neverReleased(idle.Values)
	end := n - guard(longestHeld(idle.Values, floor, 0, n), n)
	var rises []rise
	for j := 1; j < end; j++ {
		if a := floor[j] - floor[j-1]; a > 0 {
			rises = append(rises, rise{amount: float64(a), at: seconds(idle.Waves, 0, j+1)})
		}
	}
	s.Rises, s.Gained, s.Seconds = len(rises), floor[end-1]-floor[0], seconds(idle.Waves, 0, end)
	s.Expected = load.PerHour.Rate * s.Seconds / 3600
	s.Persistence = persistence(rises, s.Seconds, seconds(idle.Waves, 0, n))
	s.Why = s.doubt(load, seconds(idle.Waves, 0, n))
	s.Confirmed = s.Why == ""
	return s
}

// doubt returns what speaks against the leak on time.
func (s Stretch) doubt(load Growth, lasted float64) string {
	switch {
	case lasted < load.Seconds:
		return fmt.Sprintf("the idle stretch lasted %.1f s, the load %.1f s", lasted, load.Seconds)
	case s.Rises < minGained:
		return fmt.Sprintf("at rest the level rose only %d times", s.Rises)
	case float64(s.Gained) < s.Expected/3:
		return fmt.Sprintf("at rest the level rose by %d, less than a third of the %.1f expected", s.Gained, s.Expected)
	case !s.Persistence.Holds:
		return "at rest the level rose and stopped"
	}
	return ""
}
