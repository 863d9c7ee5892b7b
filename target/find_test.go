package target

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTopOf(t *testing.T) {
	t.Parallel()
	// init 1; systemd --user 5 with a shell 6 that holds a script 10 and us, 90; the
	// script has a master 20 with workers 21 and 22; 30 to 32 are init's own.
	process := func(pid, ppid int, comm string) stat {
		return stat{Identity: Identity{PID: pid, Ticks: uint64(pid)}, ppid: ppid, comm: comm}
	}
	table := []stat{
		process(1, 0, "systemd"), process(5, 1, "systemd"), process(6, 5, "bash"), process(10, 6, "start.sh"),
		process(20, 10, "python3"), process(21, 20, "python3"), process(22, 20, "python3"),
		process(30, 1, "node"), process(31, 1, "docker-proxy"), process(32, 1, "sshd"), process(90, 6, "hermes-soak"),
		process(40, 10, "a"), process(41, 6, "b"), process(50, 51, "x"), process(51, 50, "y"),
	}
	for name, tt := range map[string]struct {
		holders []int
		top     int
		err     string
	}{
		"one process":                              {[]int{22}, 22, ""},
		"a master and its workers":                 {[]int{22, 20, 21}, 20, ""},
		"workers of a master that closed it":       {[]int{21, 22}, 20, ""},
		"two below a script":                       {[]int{21, 40}, 10, ""},
		"two below our own shell":                  {[]int{22, 41}, 0, "nothing in common: pid 22 (python3) on *:80, pid 41 (b) on *:80"},
		"two with only init above":                 {[]int{22, 30}, 0, "nothing in common"},
		"init, for a service that runs":            {[]int{1, 30}, 30, ""},
		"init, for one that does not":              {[]int{1}, 0, "starts the server at the first request"},
		"both inits":                               {[]int{1, 5}, 0, "starts the server at the first request"},
		"a forwarder":                              {[]int{31}, 0, "docker inspect"},
		"a process that is not shown":              {[]int{99}, 0, "nothing in common"},
		"a table that goes round":                  {[]int{50, 51}, 50, ""},
		"a table that goes round, and an outsider": {[]int{50, 30}, 0, "nothing in common"},
	} {
		var sockets []Listener
		for _, pid := range tt.holders {
			sockets = append(sockets, Listener{Addr: netip.MustParseAddrPort("0.0.0.0:80"), PID: pid})
		}
		top, err := topOf(table, sockets, 90)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) || err == nil && top.PID != tt.top {
			t.Errorf("%s: pid %d, %v; want %d, %q", name, top.PID, err, tt.top, tt.err)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"python3 server.py":                     {"/usr/bin/python3", "server.py"},
		"nginx: master process /usr/sbin/nginx": {"nginx: master process /usr/sbin/nginx"},
		"sh -c …":                               {"/bin/sh", "-c", "curl -H 'Authorization: secret'"},
		"x?y":                                   {"x\x1by"},
		"?":                                     nil,
		strings.Repeat("p", 59) + "…":           {strings.Repeat("p", 80)},
	} {
		if got := Title(args); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}
