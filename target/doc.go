// Package target is a real server as a process: it is launched under a guard,
// known by its identity, and read: through /proc on Linux, by lsof on macOS, and on
// Windows by the number of its handles alone. Launching is for Linux; what a
// platform cannot do is an error that wraps errors.ErrUnsupported.
package target
