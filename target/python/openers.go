package python

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"hermes-soak/soak"
)

// openerSums adds up the descriptors that are open, by the place that opened them.
type openerSums map[[3]string]int64

// add adds what a process, which root shows as pid, holds open and has noted. A note whose inode is not that
// of what is open there now is of something that was closed since.
func (s openerSums) add(c counters, root string, pid int) {
	if c.cells == nil {
		return
	}
	folder := filepath.Join(root, strconv.Itoa(pid), "fd")
	all, err := os.ReadDir(folder)
	if err != nil {
		return // it ended meanwhile; what it held is closed
	}
	for _, e := range all {
		fd, err := strconv.Atoi(e.Name())
		note, noted := c.cells[fd]
		if err != nil || !noted {
			continue
		}
		inode, ok := inodeOf(filepath.Join(folder, e.Name()))
		if !ok || inode&(1<<48-1) != note.inode {
			continue
		}
		where, function, from := c.openers[note.slot].name()
		s[[3]string{where, function, from}]++
	}
}

// inodeOf is the inode of what is open; ok is false where it was closed meanwhile.
func inodeOf(link string) (inode uint64, ok bool) {
	info, err := os.Stat(link)
	if err != nil {
		return 0, false
	}
	return inodeIn(info)
}

// sorted are the sums in one order; nil where nothing was noted.
func (s openerSums) sorted() (out []soak.Opener) {
	for _, k := range slices.SortedFunc(maps.Keys(s), func(a, b [3]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
	}) {
		out = append(out, soak.Opener{Where: k[0], Function: k[1], From: k[2], Open: s[k]})
	}
	return out
}
