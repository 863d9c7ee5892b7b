package target

// SockDiag says whether the kernel's sock_diag answers. Where it does not, the
// states of sockets are read from /proc/PID/net/tcp, which takes longer.
func SockDiag() error {
	_, err := readDiag(openDiag, tcpListen)
	return err
}
