package target

import (
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// threads holds what tells of each thread of a process which children it has begun:
// /proc/PID/task/TID/children, where the kernel has it.
//
// proc(5) calls these files reliable only where all the children are frozen: one that
// ends while they are read can hide another. Here they only tell a process without a
// child from one that has some, and a child that is hidden so, or that goes from a
// thread that ends to another, is seen by the next look.
type threads struct {
	folder  int // task, open
	told    bool
	held    []thread
	round   int
	entries [4096]byte
}

type thread struct {
	name     string // its number
	inode    uint64 // of its folder, which the next thread with its number does not have
	children int    // the file, open
	round    int    // the last in which it was there
}

// mostThreads bounds the threads of which a file is held. Of a process that has more,
// nothing is told.
const mostThreads = 64

func holdThreads(m *member) *threads {
	t := &threads{folder: m.held[heldTask]}
	if t.folder >= 0 {
		err := unix.Faccessat(t.folder, filepath.Join(strconv.Itoa(m.PID), "children"), unix.R_OK, 0)
		t.told = err == nil
	}
	return t
}

func (t *threads) close() {
	for _, th := range t.held {
		_ = unix.Close(th.children) // it was only read
	}
	t.held, t.told = nil, false
}

// childless reports that no thread has a child. False may also mean that it is not
// known.
func (t *threads) childless() bool {
	if !t.told {
		return false
	}
	t.round++
	if _, err := unix.Seek(t.folder, 0, io.SeekStart); err != nil {
		return false
	}
	for {
		n, err := unix.ReadDirent(t.folder, t.entries[:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false
		case n == 0:
			t.forget()
			return true
		case !t.none(t.entries[:n]):
			return false
		}
	}
}

// none reports that none of the threads in a buffer of entries has a child.
func (t *threads) none(entries []byte) bool {
	for len(entries) > 0 {
		inode := binary.NativeEndian.Uint64(entries) // an entry is longer
		var name []byte
		if name, entries = nextDirent(entries); name == nil {
			return false
		}
		if name = name[:len(name)-1]; name[0] == '.' {
			continue
		}
		th, err := t.find(name, inode)
		if errors.Is(err, unix.ENOENT) {
			continue // it ended
		}
		if err != nil {
			return false
		}
		th.round = t.round
		var child [1]byte
		if n, err := unix.Pread(th.children, child[:], 0); n != 0 || err != nil {
			return false
		}
	}
	return true
}

// find returns the thread with this number and folder, held.
func (t *threads) find(name []byte, inode uint64) (*thread, error) {
	for i := range t.held {
		if t.held[i].inode == inode && t.held[i].name == string(name) {
			return &t.held[i], nil
		}
	}
	if len(t.held) == mostThreads {
		t.forget()
	}
	if len(t.held) == mostThreads {
		return nil, unix.EMFILE
	}
	fd, err := unix.Openat(t.folder, string(name)+"/children", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	t.held = append(t.held, thread{name: string(name), inode: inode, children: fd})
	return &t.held[len(t.held)-1], nil
}

// forget closes what is held of threads that were not there in this round.
func (t *threads) forget() {
	kept := t.held[:0]
	for _, th := range t.held {
		if th.round == t.round {
			kept = append(kept, th)
		} else {
			_ = unix.Close(th.children) // it was only read
		}
	}
	t.held = kept
}
