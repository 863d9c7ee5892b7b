package ratchet

import "fmt"

// Stretch is what an idle stretch says of growth that the requests alone did not explain.
type Stretch struct {
	Class       Class  // PerTime, PerRequest or Unknown
	Why         string // why it is Unknown, else empty
	Rises       int
	Gained      int64   // units the never-released level rose, guard excluded
	Expected    float64 // units it would have risen at the load part's rate
	Seconds     float64 // judged
	P           float64 // of so few rises, had they gone on at the load part's pace
	Persistence Persistence
}

// silentP is the P below which the growth of the load part is known to have needed the load.
const silentP = 0.001

// Confirm judges the idle stretch that follows a Candidate: waves without requests, run by themselves, at least as long as the judged load
// part. The leak runs on time where the never-released level still rose at least 3 times, and by at least a third of what the load
// part's rate predicts, and the rises went on to the end (Persistence, over time instead of requests). It runs on requests where a leak on time
// would hardly ever have risen so seldom, and what was gained is still held: P = P(Poisson(rises of the load part, scaled to the stretch) <= rises) < 0.001.
//
// A third: a server at rest does less on time than one under load, and of the 8 or more units that a candidate gained a Poisson count
// falls under a third of its mean in less than 2 % of cases; a growth that needed the load gains nothing here.
func Confirm(load Growth, idle Segment) Stretch {
	s := Stretch{P: 1}
	n := len(idle.Values)
	if n == 0 {
		s.Why = "the idle stretch that would tell what drives it was not run"
		return s.plainly(load)
	}
	floor := neverReleased(idle.Values)
	end := n - guard(longestHeld(idle.Values, floor, 0, n), n)
	var rises []rise
	for j := 1; j < end; j++ {
		if a := floor[j] - floor[j-1]; a > 0 {
			rises = append(rises, rise{amount: float64(a), time: seconds(idle.Waves, 0, j+1)})
		}
	}
	s.Rises, s.Gained, s.Seconds = len(rises), floor[end-1]-floor[0], seconds(idle.Waves, 0, end)
	s.Expected = load.PerHour.Rate * s.Seconds / 3600
	if load.Seconds > 0 && load.Rises > 0 {
		s.P = poissonCDF(float64(load.Rises)*s.Seconds/load.Seconds, s.Rises)
	}
	whole := seconds(idle.Waves, 0, n)
	s.Persistence = persistence(rises, byTime, s.Seconds, whole)
	switch {
	case whole < load.Seconds:
		s.Why = fmt.Sprintf("the idle stretch lasted %.1f s, the load %.1f s", whole, load.Seconds)
	case 2*(floor[0]-load.First) < load.Gained:
		s.Why = "at rest it gave back most of what it had gained"
		return s // whatever the plain rule says: it is not held
	case s.P < silentP:
		s.Class = PerRequest
	case s.Rises < minGained:
		s.Why = fmt.Sprintf("at rest the level rose only %d times", s.Rises)
	case float64(s.Gained) < s.Expected/3:
		s.Why = fmt.Sprintf("at rest the level rose by %d, less than a third of the %.1f expected", s.Gained, s.Expected)
	case !s.Persistence.Holds:
		s.Why = "at rest the level rose and stopped"
	default:
		s.Class = PerTime
	}
	return s.plainly(load)
}

// plainly settles what is still unknown of a leak that the plain rule proves: the likelier cause is named.
func (s Stretch) plainly(load Growth) Stretch {
	if s.Class != Unknown || !load.Plain {
		return s
	}
	s.Class, s.Why = PerRequest, ""
	if s.Gained > 0 && float64(s.Gained) >= s.Expected/2 {
		s.Class = PerTime
	}
	return s
}
