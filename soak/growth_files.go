package soak

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// onFile is how many handles came to stay on one path.
type onFile struct {
	path string
	more int64
}

// Of the files that handles came to stay on.
const (
	mostBeside = 2 // on others, where all are called by the one file
	mostNamed  = 3
)

// isFile says that the handles of a gauge, or of all of them, may be on the path.
func isFile(gauge, path string) bool {
	device := strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/")
	switch gauge {
	case GaugeFDs:
		return true
	case GaugeFile:
		return strings.HasPrefix(path, "/") && !device
	case GaugeDevice, GaugePTY:
		return device
	}
	return false
}

// filesOf are the paths on which handles of the gauge came to stay since the pools were
// filled, those with the most first, and how many came to stay meanwhile in all.
func (r *Report) filesOf(gauge string) (files []onFile, all int64) {
	before := r.Rests[RestLoaded].Table
	if r.watching() {
		before = r.Rests[RestBefore].Table
	}
	for name, n := range r.table {
		more := n - before[name]
		if !isFile(gauge, name) || more < 1 {
			continue
		}
		all += more
		if strings.HasPrefix(name, "/") {
			files = append(files, onFile{name, more})
		}
	}
	slices.SortFunc(files, func(a, b onFile) int { return cmp.Or(cmp.Compare(b.more, a.more), cmp.Compare(a.path, b.path)) })
	return files, all
}

// grownFile is the path that gained nearly all of so many handles since the
// pools were filled; "" where there is none.
func (r *Report) grownFile(gained int64) string {
	if files, _ := r.filesOf(GaugeFDs); len(files) > 0 && files[0].more > 1 && 5*files[0].more >= 4*gained && gained > 0 {
		return files[0].path
	}
	return ""
}

// byFile has the handles be called by the one file that all but one or two of those that
// came to stay are on; else it notes the files that they are on.
func (g *grown) byFile(r *Report) {
	files, all := r.filesOf(g.reported)
	if len(files) == 0 || files[0].more < 2 || g.Gained == 0 {
		return
	}
	if most := files[0]; all-most.more <= mostBeside && 5*most.more >= 4*all {
		g.file = most.path
		for name, n := range r.table {
			if isFile(g.reported, name) && name != most.path {
				g.beside += n
			}
		}
		return
	}
	var named []string
	for _, f := range files[:min(mostNamed, len(files))] {
		if 20*f.more < all {
			break
		}
		if named = append(named, fmt.Sprintf("%s (%d)", f.path, f.more)); len(named) == 1 {
			named[0] = fmt.Sprintf("%s (%d of the %d that came to stay)", f.path, f.more, all)
		}
	}
	if len(named) == 0 {
		return
	}
	g.on = "they are on " + named[0]
	if 2*files[0].more > all {
		g.on = "most are on " + named[0]
	}
	if len(named) > 1 {
		g.on += ", also on " + strings.Join(named[1:], " and ")
	}
}
