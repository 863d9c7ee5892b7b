package python

import "os"

// inodeIn is for systems that have inodes.
func inodeIn(os.FileInfo) (inode uint64, ok bool) { return 0, false }
