package python

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// inner is a process as it sees itself in a PID namespace of its own.
type inner struct {
	pid   string
	ticks uint64
}

// namespaced are the processes of PID namespaces below that of root. A process whose
// start cannot be read is there without it.
func namespaced(root string) map[inner]int {
	out := map[inner]int{}
	all, _ := filepath.Glob(filepath.Join(root, "[0-9]*", "status")) // the pattern is a good one
	for _, path := range all {
		text, _ := os.ReadFile(path) // it may have ended meanwhile
		_, line, _ := strings.Cut(string(text), "\nNSpid:")
		line, _, _ = strings.Cut(line, "\n")
		pids := strings.Fields(line)
		if len(pids) < 2 {
			continue
		}
		pid, err := strconv.Atoi(pids[0])
		if err != nil {
			continue
		}
		own := pids[len(pids)-1]
		out[inner{own, 0}] = pid
		stat, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "stat")) // as above
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(fields) > 19 {
			ticks, _ := strconv.ParseUint(fields[19], 10, 64) // the kernel writes numbers
			out[inner{own, ticks}] = pid
		}
	}
	return out
}

// lives returns the process that writes the file, by its pid as root shows it; ok is
// false where it has ended, or where another program has taken its place: that has
// let go of the memory of the file, which an interpreter beside others in one process
// has not. later says that the process has made another file since.
func (r *Reader) lives(f counterFile, later bool, alive func(Process) bool) (p Process, ok bool) {
	p = Process{f.pid, f.ticks}
	if !alive(p) {
		if r.namespaced == nil {
			r.namespaced = namespaced(r.root)
		}
		if p.PID, ok = r.namespaced[inner{strconv.Itoa(f.pid), f.ticks}]; !ok {
			return p, false
		}
	}
	maps, err := os.ReadFile(filepath.Join(r.root, strconv.Itoa(p.PID), "maps"))
	if err != nil || len(maps) == 0 {
		return p, !later // it may not be read
	}
	return p, bytes.Contains(maps, []byte("/"+f.name+"\n"))
}

// laterOf says whether a file after the one at i is of the same process.
func laterOf(files []counterFile, i int) bool {
	return slices.ContainsFunc(files[i+1:], func(f counterFile) bool { return f.pid == files[i].pid && f.ticks == files[i].ticks })
}
