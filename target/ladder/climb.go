package ladder

import (
	"slices"
	"strings"

	"hermes-soak/soak"
)

// climb is a ladder while it is being climbed.
type climb struct {
	soak.Ladder
	seen []string
	// known says that the rung soak.RungListening could be read, listens what it said.
	known, listens bool
}

// rung notes a rung and puts its detail into the evidence.
func (k *climb) rung(name string, ok bool, detail string) {
	k.note(name, ok, detail)
	k.saw(detail)
}

// note notes a rung that the evidence need not name: one above it says more. A
// rung that is climbed again takes its old place.
func (k *climb) note(name string, ok bool, detail string) {
	r := soak.Rung{Name: name, OK: ok, Detail: detail}
	if i := slices.IndexFunc(k.Rungs, func(old soak.Rung) bool { return old.Name == name }); i >= 0 {
		k.Rungs[i] = r
		return
	}
	k.Rungs = append(k.Rungs, r)
}

func (k *climb) saw(what string) { k.seen = append(k.seen, what) }

// answer notes a rung above the first byte: without it the server is degraded.
func (k *climb) answer(name string, ok bool, detail string) {
	if !ok {
		k.State = soak.StateDegraded
	}
	k.rung(name, ok, detail)
}

// broken notes a rung that could not be climbed; what is above is unknown.
func (k *climb) broken(name string, err error) {
	k.State = ""
	k.rung(name, false, err.Error())
}

// done writes the evidence, in the words of the bug report.
func (k *climb) done() soak.Ladder {
	state := string(k.State)
	if state == "" {
		state = "unknown"
	}
	k.Evidence = state + ": " + strings.Join(k.seen, ", ")
	return k.Ladder
}
