package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"hermes-soak/soak"
)

// halves are the files that were made to take the place of another one, and may not have
// done so yet.
var halves struct {
	sync.Mutex
	names []string
}

// leaveNoHalves has a signal end the program without leaving such a file, where nothing
// else would be done about the signal. done must be called.
func leaveNoHalves(stderr io.Writer) (done func()) {
	signals, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-over:
			return
		case <-signals:
		}
		halves.Lock() // no further one is made
		for _, name := range halves.names {
			_ = os.Remove(name) // most have taken their place by now
		}
		fmt.Fprintln(stderr, "hermes-soak: interrupted: not all reports were written")
		os.Exit(soak.ExitUnknown)
	}()
	return func() {
		signal.Stop(signals)
		close(over)
	}
}

// beside is a file that is written next to another one, to take its place.
type beside struct {
	*os.File
	path string
}

func openBeside(path string, perm fs.FileMode) (*beside, error) {
	halves.Lock()
	defer halves.Unlock()
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".hermes-soak-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		var x *fs.PathError
		if errors.As(err, &x) {
			x.Path = path
		}
		return nil, err
	}
	halves.names = append(halves.names, f.Name())
	b := &beside{f, path}
	if perm != 0 {
		if err := f.Chmod(perm); err != nil {
			return nil, errors.Join(err, b.discard())
		}
	}
	return b, nil
}

// replace puts it in the place of the other one; where that cannot be replaced, since it is
// mounted there, it is written over.
func (b *beside) replace() error {
	if err := errors.Join(b.Sync(), b.Close()); err != nil {
		return errors.Join(err, os.Remove(b.Name()))
	}
	if os.Rename(b.Name(), b.path) == nil {
		return nil
	}
	text, err := os.ReadFile(b.Name())
	if err == nil {
		err = os.WriteFile(b.path, text, 0o666)
	}
	return errors.Join(err, os.Remove(b.Name()))
}

// discard removes it, and leaves the other one.
func (b *beside) discard() error { return errors.Join(b.Close(), os.Remove(b.Name())) }
