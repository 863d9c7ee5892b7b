package python

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The layout of a counter file: a header, then slots of one size, one for each
// place that opens connections. All numbers are words of 8 bytes in the order of
// the machine, each written by one store. _hermes_soak_file.py has the same figures.
//
//	header  "HSTRACE1", pid, start ticks, Python's hexversion, flags, collections, lost
//	slots   512 for connections and, where the file is longer, 512 for openers of descriptors
//	cells   one for each descriptor: the inode of what was opened, 48 bits, and 1 + its slot, 16 bits
//	slot    opened, closed, collected, peak, 1 + length of the text, then from byte 64 the text
//	text    up to three lines, the innermost first: path, line and function, between tabs
//
// A slot counts from when its length is there, which is written last; before that
// it reads as nothing. The last slot has no text: it counts all places that found
// no slot of their own.
const (
	magic      = "HSTRACE1"
	headerSize = 256
	slotCount  = 512
	slotSize   = 384
	textAt     = 64
	cellCount  = 1 << 16
	fileSize   = headerSize + slotCount*slotSize
	openerSize = fileSize + slotCount*slotSize + 8*cellCount // with cells
)

// The words of the header and of a slot.
const (
	wordPID = iota + 1
	wordTicks
	wordPython
	wordFlags
	wordCollections
	wordLost
)

const (
	wordOpened = iota
	wordClosed
	wordCollected
	wordPeak
	wordLength
)

// flagAPSW is the flag of a process that has imported apsw, which is not counted.
const flagAPSW = 1

// counters are the contents of one counter file.
type counters struct {
	pid         int
	ticks       uint64
	version     string // of Python, such as 3.11
	apsw        bool
	collections int64
	lost        int64 // connections that could not be counted, of forked processes too
	places      []place
	openers     []place        // by slot; of one that was not taken frames is nil
	cells       map[int]opened // by descriptor
}

// opened is what a process noted for a descriptor that it opened.
type opened struct {
	inode uint64 // 48 bits of it
	slot  int    // of openers
}

// place is one slot.
type place struct {
	frames                          []frame // the innermost first; none where places found no slot
	opened, closed, collected, peak int64
}

type frame struct {
	path     string
	line     int
	function string
}

// mostCounted bounds a counter: more opens than a process can do in years.
const mostCounted = 1 << 40

// parse reads the contents of a counter file. What no tracer can have written is
// an error.
func parse(data []byte) (c counters, err error) {
	if len(data) != fileSize && len(data) != openerSize || !bytes.HasPrefix(data, []byte(magic)) {
		return c, fmt.Errorf("no counter file: %d bytes", len(data))
	}
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(data[8*i:]) }
	pid, hex := word(wordPID), word(wordPython)
	if pid == 0 || pid > 1<<31 || hex > 1<<32 || word(wordCollections) > mostCounted || word(wordLost) > mostCounted {
		return c, fmt.Errorf("no counter file: pid %d, Python %#x", pid, hex)
	}
	c.pid, c.ticks, c.version = int(pid), word(wordTicks), fmt.Sprintf("%d.%d", hex>>24, hex>>16&0xff)
	c.apsw = word(wordFlags)&flagAPSW != 0
	c.collections, c.lost = int64(word(wordCollections)), int64(word(wordLost))
	for i := range slotCount {
		p, ok, err := parseSlot(data[headerSize+i*slotSize:][:slotSize])
		if err != nil {
			return c, fmt.Errorf("slot %d: %w", i, err)
		}
		if ok && p.opened > 0 {
			c.places = append(c.places, p)
		}
	}
	if len(data) == openerSize {
		return c, c.parseOpeners(data[fileSize:])
	}
	return c, nil
}

// parseOpeners reads what lies behind the slots of connections.
func (c *counters) parseOpeners(data []byte) error {
	for i := range slotCount {
		p, _, err := parseSlot(data[i*slotSize:][:slotSize])
		if err != nil {
			return fmt.Errorf("slot %d: %w", slotCount+i, err)
		}
		c.openers = append(c.openers, p)
	}
	c.cells = map[int]opened{}
	for fd, cells := 0, data[slotCount*slotSize:]; fd < cellCount; fd++ {
		cell := binary.NativeEndian.Uint64(cells[8*fd:])
		if cell == 0 {
			continue
		}
		slot := int(cell&0xffff) - 1 - slotCount
		if slot < 0 || slot >= slotCount {
			return fmt.Errorf("descriptor %d: no slot %d", fd, slot)
		}
		c.cells[fd] = opened{cell >> 16, slot}
	}
	return nil
}

func parseSlot(slot []byte) (p place, ok bool, err error) {
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(slot[8*i:]) }
	length := word(wordLength)
	if length == 0 {
		return p, false, nil
	}
	opened, closed, collected, peak := word(wordOpened), word(wordClosed), word(wordCollected), word(wordPeak)
	switch {
	case length > slotSize-textAt+1:
		return p, false, fmt.Errorf("a text of %d bytes", length-1)
	case opened > mostCounted || peak > opened || closed > opened || collected > opened || closed+collected > opened:
		return p, false, fmt.Errorf("%d opened, %d closed, %d collected, at most %d at once", opened, closed, collected, peak)
	}
	p = place{opened: int64(opened), closed: int64(closed), collected: int64(collected), peak: int64(peak)}
	text := slot[textAt : textAt+length-1]
	if len(text) == 0 {
		return p, true, nil
	}
	if !utf8.Valid(text) {
		return p, false, errors.New("its text is not UTF-8")
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || fields[0] == "" {
			return p, false, fmt.Errorf("no place: %q", line)
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil || n < 0 {
			return p, false, fmt.Errorf("no line: %q", fields[1])
		}
		p.frames = append(p.frames, frame{fields[0], n, fields[2]})
	}
	return p, true, nil
}
