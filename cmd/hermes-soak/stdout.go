package main

import (
	"io"
	"os"
)

// stdoutReport is stdout where a report is written to it. Who reads it may go away, as from the
// lines that are printed otherwise.
type stdoutReport struct {
	o *output
	io.Writer
}

func (r *stdoutReport) Write(b []byte) (int, error) {
	n, err := r.Writer.Write(b)
	if err != nil && r.o.read(err) == nil {
		return len(b), nil
	}
	return n, err
}

// isStdout says that a report goes where the result is printed.
func (o *output) isStdout(path string) bool {
	f, ok := o.result.Writer.(*os.File)
	if path == "-" || !ok {
		return path == "-"
	}
	ours, err := f.Stat()
	other, missing := os.Stat(path)
	return err == nil && missing == nil && os.SameFile(ours, other)
}

// toStdout gives stdout to a report, and prints what is for people on stderr.
func (o *output) toStdout() io.Writer {
	o.stdout = o.stderr
	return o.result
}
