//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// bound says that a file has another owner, or other names, which a file in its place
// would not have.
func bound(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(s.Uid) != os.Geteuid() || s.Nlink > 1)
}
