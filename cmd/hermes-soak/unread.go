package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// A run goes on to its verdict also where whoever read stdout has gone away, as in
// hermes-soak run | head: hours of load are not thrown away for a line. The history and
// the report files have all of it, and the exit status is that of the verdict.

// pipesFail has writing to a pipe that nobody reads fail, where it would end the program.
// It does not ignore the signal: a server that is launched would then ignore it too.
func pipesFail() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// print prints a line of the result.
func (o *output) print(line string) error {
	_, err := fmt.Fprintln(o.lines(), line)
	return o.read(err)
}

// conclude prints the report; its last line is told where nobody reads it.
func (o *output) conclude(r *soak.Report) error {
	err := o.read(o.text(o.stdout, r))
	if o.unread {
		o.say(reports.Printable(r.Conclusion.Line))
	}
	return err
}

// read forgives an error of printing where nobody reads it, and says so once.
func (o *output) read(err error) error {
	if !errors.Is(err, syscall.EPIPE) {
		return err
	}
	if !o.unread {
		o.unread = true
		o.say("nobody reads stdout any more: the exit status tells the verdict all the same")
	}
	return nil
}
