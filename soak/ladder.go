package soak

import "time"

// State is how healthy a server is, from the foot of the ladder to its top.
type State string

// The states of a server.
const (
	StateUp          State = "up"
	StateDegraded    State = "degraded"     // shallow health is 200; deep health or a probe is not
	StateWedgedReset State = "wedged-reset" // connects, then closes before the first byte
	StateWedgedHang  State = "wedged-hang"  // connects, and no byte comes in time
	StateRefused     State = "refused"      // nothing accepts connections
	StateDied        State = "died"         // the process is gone or a zombie
	StateRestarted   State = "restarted"    // another process with the same pid, or another listener
)

// States are all of them, from the top of the ladder to its foot.
func States() []State {
	return []State{StateUp, StateDegraded, StateWedgedReset, StateWedgedHang, StateRefused, StateDied, StateRestarted}
}

// Serving reports whether requests can be answered at all.
func (s State) Serving() bool { return s == StateUp || s == StateDegraded }

// stop is why a run ends when its server is in a state that does not serve. What
// another process holds says nothing about the one that was soaked: after a
// restart there is no drain.
func (s State) stop() StopReason {
	if s == StateRestarted {
		return StopRestarted
	}
	return StopWedged
}

// RungSupervisor is the rung that asks what the supervisor says; it may say that
// all is well where nothing is.
const RungSupervisor = "supervisor"

// RungListening is the rung that asks whether the process itself listens. It is
// not OK under a server that answers where that cannot be seen.
const RungListening = "listening"

// RungHealth and RungPage ask the health path, and a path that a user would see.
const (
	RungHealth = "health"
	RungPage   = "session"
)

// Rung is one step of the health ladder.
type Rung struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// Ladder is one climb of the health ladder.
type Ladder struct {
	// When says at which point of the run it was climbed: start, failure, watch, end,
	// or fault in a wave of one.
	When string `json:"when"`
	// At is when it was recorded, since the run's start; the report sets it.
	At    time.Duration `json:"at_ns,omitempty"`
	State State         `json:"state"`
	// Evidence says in a sentence what was seen.
	Evidence string `json:"evidence"`
	Rungs    []Rung `json:"rungs"`
	// Queue is the number of connections waiting to be accepted; nil where it
	// cannot be read.
	Queue *int64 `json:"accept_queue,omitempty"`
}

// HealthHint says what to do about a health path that answers, and not that all is
// well; "" where it does, or nobody asked.
func HealthHint(l Ladder) string {
	for _, r := range l.Rungs {
		if r.Name == RungHealth && !r.OK {
			return "; give the path that says that it is up with --health, and what lets requests in with --header, --basic or --login"
		}
	}
	return ""
}
