package faults

import "hermes-soak/target"

// kill ends the processes that take connections without a warning. That is more than
// a crash, which ends one of them, its worker or its master: all that hold the listening
// socket go at once, as when systemd ends a whole service or the kernel a whole control
// group that is out of memory. What is left below a target that we have launched is
// ended before that is started again, as systemd and launchd do.
var kill = kind{name: "kill", linux: true, act: true, keys: []key{times()}}

const keyTimes = "n"

// times is the key of an act that says how often it is done.
func times() key { return count(keyTimes, 3, 1, 20).drawn(1, 2) }

// Times is how often an act is done.
func (s Spec) Times() int { return int(s.number(keyTimes)) }

// Strike ends the processes as the act does: kill at once, the others by asking. What
// has ended needs nothing. Linux only.
func (s Spec) Strike(all []target.Identity) error {
	if s.kind.name == kill.name {
		return sendAll(all, "KILL")
	}
	return sendAll(all, "TERM")
}

// Finish ends what was asked in vain.
func Finish(all []target.Identity) error { return sendAll(all, "KILL") }
