package target

import "time"

// GuardArg is the first argument of our own binary when it runs as a guard. main
// hands over to Guard before it looks at any flag.
const GuardArg = "__guard"

// tokenVar is set in the target's environment to a value of its own, so that
// what is below it can be found again should the guard be killed.
const tokenVar = "HERMES_SOAK_GUARD"

const (
	// grace is the time between TERM and KILL.
	grace = 5 * time.Second
	// killWait bounds the wait for killed processes; only one that hangs in the
	// kernel takes longer.
	killWait = 10 * time.Second
	// killEvery is the pause between two sweeps: a process may fork between our
	// reading of the tree and its death.
	killEvery = 20 * time.Millisecond
)

// plan is the first line from the parent to the guard.
type plan struct {
	Path   string   `json:"path"`
	Args   []string `json:"args"`
	Env    []string `json:"env"`
	Dir    string   `json:"dir"`
	NoFile uint64   `json:"nofile"`
	Undo   undo     `json:"undo"`
}

// undo is what the guard puts right at its end, whatever became of the parent.
type undo struct {
	Remove []string `json:"remove,omitempty"`
}

// order is every further line from the parent. After an order to end, the end of
// the pipe means: now. Without one it means that the parent is gone.
type order struct {
	End bool `json:"end"`
	// Again are the arguments with which to start the target once more, after all that
	// is left of it was ended. The answer is Started or Failed.
	Again []string `json:"again,omitempty"`
}

// report is one line from the guard to the parent; one field is set.
type report struct {
	Started *Identity `json:"started,omitempty"`
	// Failed says why the target could not be started.
	Failed string `json:"failed,omitempty"`
	// Exit is how the target ended, such as "exit status 1".
	Exit string `json:"exit,omitempty"`
	Done *done  `json:"done,omitempty"`
}

// done is the guard's last report.
type done struct {
	// Left are the pids below the guard that outlived KILL.
	Left []int `json:"left,omitempty"`
	// Problem says what else could not be put right.
	Problem string `json:"problem,omitempty"`
}
