package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// place is where a report is written to. What is no regular file, is somebody else's, has
// more names, or is in a folder where none can be made, is written through; every other file
// is replaced once the new one is whole, so that nobody reads half of one.
type place struct {
	path string
	perm fs.FileMode // of the file that is there; 0 is none, or the usual

	through io.Writer // nil: the file is replaced
	file    *os.File  // that through is, if it is one of ours
	pending *beside   // of a stream that is to replace the file
}

// newPlace makes sure that the path can be written, and leaves what is there as it is.
func newPlace(path string) (*place, error) {
	p := &place{path: path}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b, err := openBeside(path, 0)
		if err != nil {
			return nil, err
		}
		return p, b.discard()
	case err != nil:
		return nil, err
	}
	if p.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	p.through = p.file
	if !info.Mode().IsRegular() || bound(info) {
		return p, nil
	}
	p.perm = info.Mode().Perm()
	b, err := openBeside(path, p.perm)
	if err != nil {
		return p, nil // the file can be written, and its folder cannot
	}
	err = errors.Join(b.discard(), p.file.Close())
	p.file, p.through = nil, nil
	return p, err
}

// whole has the whole report written.
func (p *place) whole(write func(io.Writer) error) error {
	if p.through != nil {
		return errors.Join(p.empty(), write(p.through))
	}
	b, err := openBeside(p.path, p.perm)
	if err != nil {
		return err
	}
	if err := write(b); err != nil {
		return errors.Join(err, b.discard())
	}
	return b.replace()
}

// stream is written to bit by bit, from now on. It is what is read meanwhile, or replaces
// that at the end.
func (p *place) stream(replace bool) (_ io.Writer, err error) {
	switch {
	case p.through != nil && replace:
		return p.through, p.empty()
	case p.through != nil:
		return p.through, p.claim() // emptied as the run begins
	case replace:
		p.pending, err = openBeside(p.path, p.perm)
		return p.pending, err
	}
	if p.file, err = os.OpenFile(p.path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	p.through = p.file
	return p.file, p.claim()
}

// claim makes sure that no other hermes-soak streams to the file: each would write over
// what the other one has. It ends with the file, however we end. A pipe or a device takes
// what both write.
func (p *place) claim() error {
	if p.file == nil {
		return nil // stdout
	}
	if info, err := p.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	if claimed(p.file) {
		return fmt.Errorf("%s is being written by another hermes-soak", p.path)
	}
	return nil
}

// keep puts a stream that is whole in the place of the file.
func (p *place) keep() error {
	b := p.pending
	if p.pending = nil; b == nil {
		return nil
	}
	return b.replace()
}

// empty takes away what an earlier run left there, so that it is not taken for this one's.
// A pipe or a device holds nothing.
func (p *place) empty() error {
	var err error
	switch {
	case p.through == nil:
		err = os.Remove(p.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be mounted there
			err = os.Truncate(p.path, 0)
		} else {
			err = nil
		}
	case p.file != nil: // else it is stdout
		var info fs.FileInfo
		if info, err = p.file.Stat(); err == nil && info.Mode().IsRegular() {
			err = p.file.Truncate(0)
		}
	}
	if err != nil {
		return fmt.Errorf("empty a report: %w", err)
	}
	return nil
}

// close closes what is open. A stream that was not kept is no report.
func (p *place) close() error {
	var errs []error
	if p.pending != nil {
		errs = append(errs, p.pending.discard())
	}
	if p.file != nil {
		errs = append(errs, p.file.Close())
	}
	p.pending, p.file = nil, nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close a report: %w", err)
	}
	return nil
}

// is says that path names the same place.
func (p *place) is(path string) bool {
	if filepath.Clean(p.path) == filepath.Clean(path) {
		return true
	}
	one, missing := os.Stat(p.path)
	other, too := os.Stat(path)
	return missing == nil && too == nil && os.SameFile(one, other)
}
