//go:build unix

package python

import (
	"os"
	"syscall"
)

func inodeIn(info os.FileInfo) (inode uint64, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Ino, true
}
