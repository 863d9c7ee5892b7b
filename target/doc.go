// Package target is a real server as a process: it is launched under a guard,
// known by its identity, and read through /proc. Reading is for Linux; elsewhere
// every entry point answers with an error that wraps errors.ErrUnsupported.
package target
