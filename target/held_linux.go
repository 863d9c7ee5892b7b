package target

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// member is a process of the tree. What is read of it at every look is held open:
// that costs a fraction of opening it, and stays this process's whoever has its pid
// later. A file that is not held, none is -1, is opened by its path each time.
type member struct {
	Identity
	inode uint64 // of its folder
	round int    // of the last scan that came upon it
	held  [heldFiles]int

	now    stat  // as it was read last
	hidden int64 // descriptors that do not count
}

// The files of a process that are held.
const (
	heldFDs = iota
	heldTask
	heldStat
	heldStatm
	heldFiles
)

var heldNames = [heldFiles]string{"fd", "task", "stat", "statm"}

// mostHeld bounds the processes of which files are held: we have a limit too.
const mostHeld = 32

// hold opens the files of the process st, if it is to keep them. Those that cannot be
// opened are not held. Its error wraps soak.ErrGone where the pid is another process's
// by now.
func hold(root string, st stat, inode uint64, keep bool) (*member, error) {
	m := unheld(st.Identity)
	m.inode, m.now = inode, st
	if !keep {
		return m, nil
	}
	folder, err := unix.Open(procPath(root, st.PID, ""), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return m, nil
	}
	defer func() { _ = unix.Close(folder) }() // it was only passed through
	for i, name := range heldNames {
		if fd, err := unix.Openat(folder, name, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			m.held[i] = fd
		}
	}
	var text [statSize]byte
	now, err := m.readStat(root, text[:])
	if err != nil || now.Ticks != st.Ticks {
		m.close()
		return nil, cmp.Or(err, now.is(st.Identity))
	}
	return m, nil
}

// unheld is a process of which nothing is held.
func unheld(id Identity) *member {
	return &member{Identity: id, held: [heldFiles]int{-1, -1, -1, -1}}
}

// close closes what is held.
func (m *member) close() {
	for i, fd := range m.held {
		if fd >= 0 {
			_ = unix.Close(fd) // it was only read
			m.held[i] = -1
		}
	}
}

// statSize is more than any /proc/PID/stat has, of 52 fields.
const statSize = 2048

// readStat reads the process's stat. A pid that is another process's now is told by
// the ticks in it.
func (m *member) readStat(root string, into []byte) (stat, error) {
	n, err := m.read(root, heldStat, into)
	if err != nil {
		return stat{}, m.unreadable(root, heldStat, err)
	}
	st, err := parseStat(into[:n])
	if err != nil {
		return stat{}, fmt.Errorf("pid %d: %w", m.PID, err)
	}
	return st, nil
}

// unreadable says what an error of one of the process's files means. A held file that
// is missing was of this process, whoever has its pid now.
func (m *member) unreadable(root string, file int, err error) error {
	if m.held[file] >= 0 && isMissing(err) {
		return fmt.Errorf("pid %d: %w", m.PID, soak.ErrGone)
	}
	return unreadable(root, m.PID, err)
}

// read reads the start of one of the process's files.
func (m *member) read(root string, file int, into []byte) (n int, err error) {
	fd := m.held[file]
	if fd < 0 {
		if fd, err = unix.Open(procPath(root, m.PID, heldNames[file]), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return 0, err
		}
		defer func() { _ = unix.Close(fd) }() // it was only read
	}
	for {
		n, err = unix.Pread(fd, into, 0)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// look is what the kernel says of one of the process's folders.
func (m *member) look(root string, folder int) (st unix.Stat_t, err error) {
	if fd := m.held[folder]; fd >= 0 {
		err = unix.Fstat(fd, &st)
	} else {
		err = unix.Stat(procPath(root, m.PID, heldNames[folder]), &st)
	}
	return st, err
}

// fds is the number of open file descriptors as the size of their folder, which
// Linux tells since 6.2 and without the permission that names need. It is 0 of a
// zombie, and of a process that ends.
func (m *member) fds(root string) (int64, error) {
	st, err := m.look(root, heldFDs)
	return st.Size, err
}

// threads is the number of threads: the folder of each has a link to theirs.
func (m *member) threads(root string) (int64, error) {
	st, err := m.look(root, heldTask)
	return int64(st.Nlink) - 2, err
}

// memory is the resident memory in bytes, 0 where it is not known. stat tells it too,
// on new kernels without what each processor has not added up yet.
func (m *member) memory(root string) int64 {
	var text [128]byte
	n, err := m.read(root, heldStatm, text[:])
	if err != nil {
		return 0
	}
	_, resident, _ := bytes.Cut(text[:n], []byte(" ")) // behind the size; both in pages
	pages, _ := leadingNumber(resident)
	return pages * int64(os.Getpagesize())
}

// leadingNumber is the number that text begins with, and what is behind it.
func leadingNumber(text []byte) (n int64, rest []byte) {
	for i, c := range text {
		if c < '0' || c > '9' {
			return n, text[i:]
		}
		n = 10*n + int64(c-'0')
	}
	return n, nil
}

// usage is threads, memory and processor time, as far as they are known: no running
// process has no thread or no memory.
func (m *member) usage(root string) map[string]int64 {
	gauges := make(map[string]int64, mostGauges)
	if m.now.threads > 0 {
		gauges[soak.GaugeThreads] = m.now.threads
	}
	if rss := m.memory(root); rss > 0 {
		gauges[soak.GaugeRSS] = rss
	}
	gauges[soak.GaugeCPU] = int64(m.now.cpu) * 1000 / ticksPerSecond
	return gauges
}

const (
	// ticksPerSecond is USER_HZ of the kernel, on every processor that Go is for.
	ticksPerSecond = 100
	// mostGauges is as many as most processes have.
	mostGauges = 32
)

// limit is the soft limit on file descriptors, 0 where it is not known. Of a process
// that is shown by its own pid to us and belongs to us, the kernel tells it directly.
func (m *member) limit(root string, ownPIDs bool) int64 {
	if ownPIDs {
		var l unix.Rlimit
		if err := unix.Prlimit(m.PID, unix.RLIMIT_NOFILE, nil, &l); err == nil {
			return int64(min(l.Cur, math.MaxInt64))
		}
	}
	soft, err := Limit(root, m.PID) // everybody may read it
	if err != nil {
		return 0
	}
	return soft
}
