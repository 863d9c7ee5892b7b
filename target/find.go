package target

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hermes-soak/soak"
)

// ErrNobody is the reason where no process listens at the address.
var ErrNobody = errors.New("nobody listens there")

// DeniedError says whose process may not be read; it wraps soak.ErrBlind.
type DeniedError struct{ UID uint32 }

func (e *DeniedError) Error() string {
	return fmt.Sprintf("a process of uid %d: %v", e.UID, soak.ErrBlind)
}

func (*DeniedError) Unwrap() error { return soak.ErrBlind }

// Server is the process that was found behind an address.
type Server struct {
	Identity
	// Listeners are the sockets that take the connections, once for each process
	// that holds one: the process itself, or workers below it.
	Listeners []Listener
}

// forwarders are programs that listen for a server elsewhere: what they hold says
// nothing about it. Names are as the kernel cuts them.
var forwarders = map[string]string{
	"docker-proxy":    "docker inspect -f '{{.State.Pid}}' CONTAINER",
	"rootlessport":    "podman inspect -f '{{.State.Pid}}' CONTAINER",
	"rootlesskit":     "docker inspect -f '{{.State.Pid}}' CONTAINER",
	"slirp4netns":     "podman inspect -f '{{.State.Pid}}' CONTAINER",
	"pasta":           "podman inspect -f '{{.State.Pid}}' CONTAINER",
	"pasta.avx2":      "podman inspect -f '{{.State.Pid}}' CONTAINER",
	"ssh":             "run hermes-soak on the other machine",
	"kubectl":         "run hermes-soak beside the server",
	"socat":           "give the address that it forwards to",
	"systemd-socket-": "give the address that it forwards to", // systemd-socket-proxyd
}

// initNames are the names of a process that holds sockets for services which it
// starts at the first connection.
var initNames = []string{"systemd", "init", "launchd"}

// topOf returns the process of the table at the top of those that hold a socket:
// the only one, or their nearest common ancestor. self is our own pid: an ancestor
// that is ours too, such as the shell, or that is everybody's, is not their server.
func topOf(table []stat, sockets []Listener, self int) (stat, error) {
	byPID := map[int]stat{}
	for _, st := range table {
		byPID[st.PID] = st
	}
	// What init holds for a service it holds beside the service.
	servers := slices.DeleteFunc(slices.Clone(sockets), func(l Listener) bool { return slices.Contains(initNames, byPID[l.PID].comm) })
	if len(servers) == 0 {
		servers = sockets
	}
	holders := holding(servers)
	common := lineOf(byPID, holders[0])
	for _, pid := range holders[1:] {
		line := lineOf(byPID, pid)
		common = slices.DeleteFunc(common, func(pid int) bool { return !slices.Contains(line, pid) })
	}
	if len(common) == 0 {
		return stat{}, unrelated(byPID, servers)
	}
	top := byPID[common[0]]
	if slices.Contains(holders, top.PID) {
		return top, refuseTop(top)
	}
	if top.PID == 1 || slices.Contains(initNames, top.comm) || slices.Contains(lineOf(byPID, self), top.PID) {
		return stat{}, unrelated(byPID, servers)
	}
	return top, nil
}

// lineOf returns pid and its ancestors, as far as they are shown. The table was
// read while processes came and went, so it may go round.
func lineOf(table map[int]stat, pid int) (line []int) {
	for st, ok := table[pid]; ok && !slices.Contains(line, st.PID); st, ok = table[st.ppid] {
		line = append(line, st.PID)
	}
	return line
}

func refuseTop(top stat) error {
	if slices.Contains(initNames, top.comm) {
		return fmt.Errorf("pid %d (%s) holds the socket and starts the server at the first request: send one, and try again", top.PID, top.comm)
	}
	if where, ok := forwarders[top.comm]; ok {
		return fmt.Errorf("pid %d (%s) only passes connections on, and its handles say nothing about the server behind it: %s", top.PID, top.comm, where)
	}
	return nil
}

func unrelated(table map[int]stat, servers []Listener) error {
	var names []string
	for _, l := range servers {
		names = append(names, fmt.Sprintf("pid %d (%s) on %s", l.PID, table[l.PID].comm, l.DisplayAddr()))
	}
	return fmt.Errorf("several servers listen there that have nothing in common: %s", strings.Join(names, ", "))
}

// DisplayAddr is the address of a socket in LISTEN as lsof shows it: *:8787 where
// it takes connections to every address.
func (l Listener) DisplayAddr() string {
	if l.Addr.Addr().IsUnspecified() {
		return fmt.Sprintf("*:%d", l.Addr.Port())
	}
	return l.Addr.String()
}

// holding returns the pids of the listeners, each once.
func holding(all []Listener) (pids []int) {
	for _, l := range all {
		if !slices.Contains(pids, l.PID) {
			pids = append(pids, l.PID)
		}
	}
	return pids
}

// longestTitle is as much of a command line as fits into a sentence.
const longestTitle = 60

// Title is a command line as people call a process: "python3 server.py". What may
// be a secret is left out.
func Title(args []string) string {
	if len(args) == 0 {
		return "?"
	}
	args = slices.Clone(soak.RedactArgs(args))
	if path, rest, _ := strings.Cut(args[0], " "); filepath.IsAbs(path) {
		args[0] = strings.TrimSpace(filepath.Base(path) + " " + rest) // a title that it gave itself has spaces
	}
	title := []rune(strings.Map(printable, strings.Join(args, " ")))
	if len(title) > longestTitle {
		return string(title[:longestTitle-1]) + "…"
	}
	return string(title)
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}

// byAddress orders sockets for people.
func byAddress(a, b Listener) int {
	return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.PID, b.PID))
}
