package main

import "io/fs"

// bound says that a file has an owner or names that a file in its place would not have:
// none is told by what is known of it here.
func bound(fs.FileInfo) bool { return false }
