package main

import (
	"net"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

// TestTCP: at tcp:// nothing is sent, at however many addresses, and one that hangs
// is seen by the connections that wait.
func TestTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	must(t, err == nil, "needs IPv6")
	_ = l.Close()
	port := freePort(t)
	four, six := "127.0.0.1:"+port, "[::1]:"+port
	s := started(t, t.TempDir(), port, selfPath(t), speechlessArg, four, six)
	both := []string{"--url", "tcp://" + six, "--timeout", "2s"}
	probing(t, t.TempDir(), "tcp://"+four, both...).ends(t, soak.ExitPass, "ok listening: "+four, "ok listening: "+six, "HEALTHY: ")
	w := watching(t, "tcp://"+four, append(both, "--for", "4s")...)
	w.start(t)
	w.ends(t, soak.ExitPass, "PASS    alive: up: ", "tcp://"+six+" up: ", "PASS: no leak")
	if err := s.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	probing(t, t.TempDir(), "tcp://"+four, both...).ends(t, soak.ExitFail, "NO connect: ", "DOWN wedged-hang: ", "stopped by a signal")
	w = watching(t, "tcp://"+four, both...)
	w.start(t)
	w.ends(t, soak.ExitFail, "DOWN wedged-hang: ", "UNKNOWN growth handles: it ended before a sample was taken between its start and its end")
}

// TestTCPIsNotForAll: what sends requests refuses it, and what is about requests
// is refused with it.
func TestTCPIsNotForAll(t *testing.T) {
	t.Parallel()
	const url = "tcp://127.0.0.1:9"
	for want, args := range map[string][]string{
		"hint: a server that speaks no HTTP is looked at by hermes-soak watch and probe --url " + url: {"run", "--url", url},
		"and tcp://127.0.0.1:9 takes none":       {"run", "--url", "http://127.0.0.1:9", "--url", url, "--", "sleep", "9"},
		"--endpoint is about requests":           {"probe", "--url", url, "--endpoint", "/"},
		"--login is about requests":              {"watch", "--url", url, "--login", "POST /x"},
		"want a host and a port, such as tcp://": {"watch", "--url", "tcp://127.0.0.1"},
		"not a loopback address: 192.0.2.1:9":    {"probe", "--url", "tcp://192.0.2.1:9"},
	} {
		s := program(t, args...)
		s.start(t)
		s.ends(t, soak.ExitUsage, want)
	}
	s := program(t, "probe", "--url", url)
	s.start(t)
	s.ends(t, soak.ExitBroken, "nobody listens at "+url, "hint: start the server\n")
}

// TestProbeMixed: an address of HTTP beside one that is none is asked all the same.
func TestProbeMixed(t *testing.T) {
	t.Parallel()
	port, other := freePort(t), freePort(t)
	started(t, t.TempDir(), port, selfPath(t), "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir(), "--sessions", fewSessions)
	url := "http://127.0.0.1:" + port
	probing(t, t.TempDir(), url, "--url", "tcp://127.0.0.1:"+port).ends(t, soak.ExitPass, "ok health: health 200", "ok connect: accepts connections, and is sent nothing")
	probing(t, t.TempDir(), url, "--url", "tcp://127.0.0.1:"+other).ends(t, soak.ExitFail, "connection to 127.0.0.1:"+other+": refused")
}
