package python

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hermes-soak/soak"
)

const (
	traceSuffix  = ".trace"
	failedPrefix = "failed."
	mostReads    = 20 // of a file that changes while it is read
)

// Reader reads the counters in the folder of a traced target. What processes that
// have ended counted is kept, and their files are removed: a server may fork a
// process for each request.
type Reader struct {
	root   string // where processes are shown
	folder string
	// What processes that have ended counted.
	ended       sums
	collections int64
	namespaced  map[inner]int // by what they see of themselves, as of the current reading; nil: not looked at
}

// NewReader returns a reader of the folder that Install has filled. root is where
// the processes are shown, such as /proc.
func NewReader(root, folder string) *Reader {
	return &Reader{root: root, folder: folder, ended: sums{}}
}

// Process is a process that counts, or counted.
type Process struct {
	PID int
	// Ticks is its start; 0 where it could not read that.
	Ticks uint64
}

// Counts is what the processes of a target have counted.
type Counts struct {
	Sites []soak.Site
	// Processes are those that are alive.
	Processes []Process
	// Python is the oldest version among them, such as 3.11.
	Python string
	// Collections is how often the cyclic collector ran although it was turned off.
	Collections int64
	// Openers are the places that opened the descriptors that are open; nil where
	// they are not noted.
	Openers []soak.Opener
	// Failed says why a process could not count, or not all; empty where none failed.
	Failed string
	// APSW: a process has imported apsw, whose connections are not seen.
	APSW bool
}

// Read reads the counters. alive says whether a process is there.
func (r *Reader) Read(alive func(Process) bool) (Counts, error) {
	r.namespaced = nil
	files, err := r.files()
	if err != nil {
		return Counts{}, fmt.Errorf("read the tracer's counters: %w", err)
	}
	var out Counts
	now, openers := sums{}, openerSums{}
	for i, c := range files {
		out.APSW = out.APSW || c.apsw
		if c.lost > 0 && out.Failed == "" {
			out.Failed = fmt.Sprintf("pid %d, or one that it forked, could not count %d connections", c.pid, c.lost)
		}
		p, ok := r.lives(c, laterOf(files, i), alive)
		if !ok {
			// What it counted between the reading and its end is not to be lost.
			if c.counters, err = readFile(filepath.Join(r.folder, c.name)); err != nil {
				return Counts{}, fmt.Errorf("read the tracer's counters: %s: %w", c.name, err)
			}
			r.ended.add(c.counters, true)
			r.collections += c.collections
			if err := os.Remove(filepath.Join(r.folder, c.name)); err != nil {
				return Counts{}, fmt.Errorf("remove the counters of a process that ended: %w", err)
			}
			continue
		}
		now.add(c.counters, false)
		openers.add(c.counters, r.root, p.PID)
		out.Collections += c.collections
		out.Processes = append(out.Processes, p)
		if out.Python == "" || older(c.version, out.Python) {
			out.Python = c.version
		}
	}
	for _, s := range r.ended {
		now.site(s.Where, s.Function, s.From).Add(*s)
	}
	out.Sites, out.Openers = now.sorted(), openers.sorted()
	out.Collections += r.collections
	why, err := r.failed()
	out.Failed = cmp.Or(why, out.Failed)
	return out, err
}

// counterFile is the contents of a file and its name.
type counterFile struct {
	counters
	name string
}

// files are the counter files, in the order in which they were made.
func (r *Reader) files() ([]counterFile, error) {
	all, err := os.ReadDir(r.folder)
	if err != nil {
		return nil, err
	}
	var files []counterFile
	for _, e := range all {
		if !strings.HasSuffix(e.Name(), traceSuffix) {
			continue
		}
		c, err := readFile(filepath.Join(r.folder, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		files = append(files, counterFile{c, e.Name()})
	}
	made := func(name string) int64 {
		_, ns, _ := strings.Cut(strings.TrimSuffix(name, traceSuffix), ".")
		n, _ := strconv.ParseInt(ns, 10, 64) // a name of another form is none of a process that counts
		return n
	}
	slices.SortFunc(files, func(a, b counterFile) int {
		return cmp.Or(cmp.Compare(a.pid, b.pid), cmp.Compare(made(a.name), made(b.name)))
	})
	return files, nil
}

// readFile reads a file that may change meanwhile, until it reads the same twice:
// then all of it was there at one moment.
func readFile(path string) (counters, error) {
	before, err := os.ReadFile(path)
	for range mostReads {
		if err != nil {
			return counters{}, err
		}
		var now []byte
		if now, err = os.ReadFile(path); err == nil && bytes.Equal(before, now) {
			return parse(now)
		}
		before = now
	}
	return counters{}, errors.Join(err, errors.New("it never stood still"))
}

// failed is the first reason that a process left for not counting.
func (r *Reader) failed() (string, error) {
	all, err := filepath.Glob(filepath.Join(r.folder, failedPrefix+"*"))
	if err != nil || len(all) == 0 {
		return "", err
	}
	slices.Sort(all)
	text, err := os.ReadFile(all[0])
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if len(text) > mostReason {
		text = text[:mostReason]
	}
	return fmt.Sprintf("the tracer failed in pid %s: %s", strings.TrimPrefix(filepath.Base(all[0]), failedPrefix), strings.ToValidUTF8(string(text), "?")), err
}

// mostReason bounds the text of a failure.
const mostReason = 500

// older compares versions such as 3.8 and 3.11.
func older(a, b string) bool {
	number := func(v string) int {
		major, minor, _ := strings.Cut(v, ".")
		x, _ := strconv.Atoi(major)
		y, _ := strconv.Atoi(minor)
		return x<<16 + y
	}
	return number(a) < number(b)
}
