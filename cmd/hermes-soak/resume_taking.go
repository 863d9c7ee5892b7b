package main

import (
	"context"
	"fmt"
	"os"

	"hermes-soak/soak"
)

// taking is the recorder of a run that goes on. Only one of several processes can write
// the cut: until the history has it, nothing is printed and no report is touched. Then
// all that was printed and recorded of the run is there again.
type taking struct {
	ctx context.Context
	*brokenOff
	out *output
}

func (t *taking) Record(e soak.Event) error {
	if e.Cut == nil {
		return t.out.Record(e)
	}
	if err := t.out.history.Record(e); err != nil {
		return err
	}
	if err := t.out.empty(); err != nil {
		return err
	}
	if err := t.events(t.ctx, t.out.Record); err != nil {
		return err
	}
	if !t.out.quiet {
		t.out.say(fmt.Sprintf("going on with run %s behind batch %d", t.run.ID, len(t.report.Batches)))
	}
	if err := t.out.Record(e); err != nil {
		return err
	}
	t.out.keepHistory()
	return nil
}

// openUntouched opens the file of a report, which keeps what it holds until the run goes
// on: another process may be first, and write there.
func openUntouched(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// empty empties the files of the reports, now that the run goes on and they are its own. A
// pipe or a device holds nothing.
func (o *output) empty() error {
	o.untouched = false
	for _, f := range o.files {
		info, err := f.Stat()
		if err == nil && info.Mode().IsRegular() {
			err = f.Truncate(0)
		}
		if err != nil {
			return fmt.Errorf("empty a report: %w", err)
		}
	}
	return nil
}
