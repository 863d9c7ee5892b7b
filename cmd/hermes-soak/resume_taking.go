package main

import (
	"context"
	"fmt"

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

// empty empties the reports, now that the run goes on and they are its own.
func (o *output) empty() error {
	o.untouched = false
	for _, p := range o.places {
		if err := p.empty(); err != nil {
			return err
		}
	}
	return nil
}
