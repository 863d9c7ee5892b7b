package target

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// treeReader reads the tree below a process again and again. To read the stat of
// every process of the machine is dear, so it remembers the strangers, those that are
// not in the tree: they never come into it, since an orphan goes to an ancestor of its
// own. Only a top that is the init of its namespace adopts others, so strangers are
// looked at anew now and then. And while the top has no child nobody else is looked at.
type treeReader struct {
	root    string
	top     *member
	members map[int]*member // below the top or once there, by pid
	// closing is held to close what is held of a member.
	closing sync.RWMutex
	threads *threads // of the top

	folder    int // root, open
	entries   []byte
	text      [statSize]byte
	round     int // counts the scans
	strangers map[int]stranger
	fresh     []listed  // of this scan, neither members nor strangers
	looked    time.Time // when strangers were last looked at anew
}

// stranger is a process that is not in the tree.
type stranger struct {
	inode uint64
	round int // of the last scan that came upon it
}

// listed is a process that a scan came upon.
type listed struct {
	stat
	inode uint64 // of its folder, which the next process with its pid does not have
}

// rememberFor bounds how long strangers are remembered.
const rememberFor = time.Minute

// newTreeReader opens what it reads; close closes it. Its error wraps soak.ErrGone or
// soak.ErrBlind where these are the reason.
func newTreeReader(root string, id Identity) (*treeReader, error) {
	st, err := readStat(root, id.PID)
	if err == nil {
		err = st.is(id)
	}
	if err != nil {
		return nil, err
	}
	t := &treeReader{root: root, members: map[int]*member{}, strangers: map[int]stranger{}, entries: make([]byte, 32<<10)}
	if t.folder, err = unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	if t.top, err = hold(root, st, 0, true); err != nil {
		t.close()
		return nil, err
	}
	t.threads = holdThreads(t.top)
	return t, nil
}

// close closes everything.
func (t *treeReader) close() {
	_ = unix.Close(t.folder) // it was only read
	t.folder = -1
	if t.top != nil {
		t.threads.close()
		t.drop(t.top)
	}
	for _, m := range t.members {
		t.drop(m)
	}
}

// drop closes what is held of a process, and forgets it.
func (t *treeReader) drop(m *member) {
	t.closing.Lock()
	m.close()
	t.closing.Unlock()
	delete(t.members, m.PID)
}

// look returns the top and all that is below it, parents before their children,
// zombies too. Of those below it the stat was read just now.
func (t *treeReader) look() ([]*member, error) {
	tree := []*member{t.top}
	if len(t.members) == 0 && t.threads.childless() {
		return tree, nil
	}
	if err := t.scan(time.Now()); err != nil {
		return nil, err
	}
	table := make([]stat, 0, len(t.members))
	for _, m := range t.members {
		st, err := m.readStat(t.root, t.text[:])
		if err != nil && !errors.Is(err, soak.ErrGone) && !errors.Is(err, soak.ErrBlind) {
			return nil, fmt.Errorf("reading the process table: %w", err)
		}
		if err != nil || st.Ticks != m.Ticks {
			t.drop(m)
			continue
		}
		m.now = st
		table = append(table, st)
	}
	slices.SortFunc(table, func(a, b stat) int { return cmp.Compare(a.PID, b.PID) })
	for _, st := range descendants(table, t.top.PID) {
		tree = append(tree, t.members[st.PID])
	}
	return tree, nil
}

// scan goes through the processes of the machine and reads those that are new.
func (t *treeReader) scan(now time.Time) error {
	if now.Sub(t.looked) > rememberFor {
		clear(t.strangers)
		t.looked = now
	}
	t.round++
	t.fresh = t.fresh[:0]
	if _, err := unix.Seek(t.folder, 0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the process table: %w", err)
	}
	for {
		n, err := unix.ReadDirent(t.folder, t.entries)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the process table: %w", err)
		}
		if n == 0 {
			break
		}
		if err := t.list(t.entries[:n]); err != nil {
			return err
		}
	}
	return t.sort()
}

// list takes the processes from one buffer of entries.
func (t *treeReader) list(entries []byte) error {
	for len(entries) > 0 {
		inode := binary.NativeEndian.Uint64(entries) // an entry is longer
		var name []byte
		if name, entries = nextDirent(entries); name == nil {
			return errors.New("reading the process table: malformed entry")
		}
		number, rest := leadingNumber(name[:len(name)-1])
		pid := int(number)
		if len(rest) > 0 || pid == t.top.PID {
			continue
		}
		if s := t.strangers[pid]; s.inode == inode {
			t.strangers[pid] = stranger{inode, t.round}
			continue
		}
		if m := t.members[pid]; m != nil && m.inode == inode {
			m.round = t.round
			continue
		} else if m != nil {
			t.drop(m)
		}
		n, err := unheld(Identity{PID: pid}).read(t.root, heldStat, t.text[:])
		switch {
		case isMissing(err), isDenied(err):
			continue // it ended, or is hidden from us
		case err != nil: // such as no descriptors of our own
			return fmt.Errorf("reading the process table: pid %d: %w", pid, err)
		}
		st, err := parseStat(t.text[:n])
		if err != nil {
			return fmt.Errorf("pid %d: %w", pid, err)
		}
		t.fresh = append(t.fresh, listed{st, inode})
	}
	return nil
}

// sort says of the new processes whether they are in the tree. One whose parent is not
// known, since it ended meanwhile, is looked at again by the next scan.
func (t *treeReader) sort() error {
	isStranger := func(pid int) bool { return pid == 0 || t.strangers[pid].round == t.round }
	for more := true; more; {
		more = false
		for i, p := range t.fresh {
			switch {
			case p.PID == 0: // done
				continue
			case isStranger(p.ppid):
				t.strangers[p.PID] = stranger{p.inode, t.round}
			case p.ppid == t.top.PID || t.members[p.ppid] != nil:
				m, err := hold(t.root, p.stat, p.inode, len(t.members) < mostHeld-1)
				switch {
				case err == nil:
					m.round = t.round
					t.members[p.PID] = m
				case !errors.Is(err, soak.ErrGone):
					return fmt.Errorf("reading the process table: %w", err)
				}
			default:
				continue
			}
			t.fresh[i].PID, more = 0, true
		}
	}
	for _, m := range t.members {
		switch {
		case m.round != t.round: // it ended
			t.drop(m)
		case isStranger(m.now.ppid): // its parent ended, and it went elsewhere
			t.drop(m)
			t.strangers[m.PID] = stranger{m.inode, t.round}
		}
	}
	maps.DeleteFunc(t.strangers, func(_ int, s stranger) bool { return s.round != t.round })
	return nil
}
