package soak

import (
	"errors"
	"strings"
)

// The gauges that a sampler can bring. A gauge that could not be read is absent
// from a sample; it is never 0.
const (
	GaugeFDs      = "fds"      // open file descriptors, all kinds
	GaugeFile     = "file"     // those on regular files and folders
	GaugeSocket   = "socket"   // those on sockets
	GaugePipe     = "pipe"     // those on pipes and FIFOs
	GaugePTY      = "pty"      // those on terminals and /dev/ptmx
	GaugeDevice   = "device"   // those on other devices, such as /dev/null
	GaugeAnon     = "anon"     // those on anonymous inodes, such as eventpoll
	GaugeDeleted  = "deleted"  // those on files that were deleted or replaced
	GaugeThreads  = "threads"  // threads
	GaugeRSS      = "rss"      // resident memory, bytes
	GaugeCPU      = "cpu_ms"   // processor time used since the processes began, ms
	GaugeChildren = "children" // processes below the one sampled
	GaugeClients  = "clients"  // connections of clients to the target's listening ports
)

// The prefixes of the gauges of watched groups.
const (
	groupPrefix      = "group:"
	memberPrefix     = "member:"
	connectionPrefix = "connections:"
)

// TCPGauge is the gauge that counts the target's TCP sockets in a state, named
// as the kernel does: ESTABLISHED, CLOSE_WAIT, LISTEN ...
func TCPGauge(state string) string { return "tcp:" + state }

// GroupGauge is the gauge that counts all handles of a group.
func GroupGauge(pattern string) string { return groupPrefix + pattern }

// MemberGauge is the gauge that counts the handles of a group on one base name.
func MemberGauge(pattern, base string) string { return memberPrefix + pattern + "/" + base }

// connectionGauge is made from a sample, not read: the connections of a group of
// SQLite files in WAL mode. Each has one handle on -wal and, where it is open,
// one on the main file. Handles on the main file alone are a high-water mark:
// SQLite parks them, and a later connection takes them over.
func connectionGauge(pattern string) string { return connectionPrefix + pattern }

// GroupMember splits a member gauge into its pattern and base name.
func GroupMember(gauge string) (pattern, base string, ok bool) {
	rest, ok := strings.CutPrefix(gauge, memberPrefix)
	i := strings.LastIndex(rest, "/")
	if !ok || i < 0 {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

// Sample is what the target held at one moment, summed over its process tree.
type Sample struct {
	Gauges map[string]int64 `json:"gauges"`
	// Parts holds the gauges of each process where the tree has more than one.
	Parts []Part `json:"parts,omitempty"`
	// Table counts handles by target: a path, or the kind for what has no path.
	// It is nil where names could not be read.
	Table map[string]int64 `json:"table,omitempty"`
	// Nearest is the process nearest to its limit on file descriptors; nil where no
	// limit can be read.
	Nearest *Nearest `json:"nearest,omitempty"`
	// Trace is what was counted inside the processes; nil where they are not traced,
	// and in the sample of a wave.
	Trace *Trace `json:"trace,omitempty"`
	// Denied says why names could not be read; empty when they were.
	Denied string `json:"denied,omitempty"`
}

// Count is how many of its handles and threads a target has, summed over its process
// tree.
type Count struct{ FDs, Threads int64 }

// notSaid stands in the count of a sample for what it does not tell.
const notSaid = -1

func (s Sample) count() Count {
	told := func(gauge string) int64 {
		if n, ok := s.Gauges[gauge]; ok {
			return n
		}
		return notSaid
	}
	return Count{told(GaugeFDs), told(GaugeThreads)}
}

// Part is one process of a sample.
type Part struct {
	PID int `json:"pid"`
	// Ticks is the start of the process in clock ticks since boot: pid and
	// ticks together are its identity.
	Ticks  uint64           `json:"ticks"`
	Gauges map[string]int64 `json:"gauges"`
}

// Nearest is how near a process is to its limit on file descriptors, which holds
// for each process alone, not for a tree.
type Nearest struct {
	PID int `json:"pid"`
	// FDs are those below the limit: it bounds their numbers, and what was opened
	// before it was lowered may lie beyond.
	FDs int64 `json:"fds"`
	// Limit is the soft limit.
	Limit int64 `json:"limit"`
}

// share is the part of the limit that is used.
func (n Nearest) share() float64 { return float64(n.FDs) / float64(n.Limit) }

// nearer is the one that uses more of its limit, a in doubt; either may be nil.
func nearer(a, b *Nearest) *Nearest {
	if a == nil || b != nil && b.share() > a.share() {
		return b
	}
	return a
}

// Errors of a Sampler, matched with errors.Is.
var (
	// ErrGone: the process is not there any more: it ended, it is a zombie, or
	// its pid belongs to another process.
	ErrGone = errors.New("the process is gone")
	// ErrBlind: the process is there and nothing about its handles can be read.
	ErrBlind = errors.New("the process's handles cannot be read")
)
