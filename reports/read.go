package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hermes-soak/soak"
)

// longestLine is the most bytes of one event: a table of a million long paths.
const longestLine = 256 << 20

// Read reads a recorded run as JSONL wrote it, or a series of batches in CSV, and
// hands its events to apply in their order. Which of the two it is, the content
// says: an event begins with a brace. Errors name the line, also those of apply.
func Read(r io.Reader, apply func(soak.Event) error) error {
	in := bufio.NewReader(r)
	if bom, _ := in.Peek(3); string(bom) == "\uFEFF" { // an error comes again below
		_, _ = in.Discard(len(bom)) // they are in hand
	}
	first, err := in.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case err != nil:
		return err
	case first[0] == '{':
		return readJSONL(in, apply)
	}
	return readSeries(in, apply)
}

// readJSONL reads one event a line. The last line may be half an event: the run
// was killed while it wrote it, and the record ends before it.
func readJSONL(in *bufio.Reader, apply func(soak.Event) error) error {
	var line []byte
	for n := 1; ; n++ {
		var ended bool
		var err error
		if line, ended, err = readLine(in, line[:0], longestLine); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if !ended && !json.Valid(line) {
			if n == 1 {
				return errors.New("line 1: the record was cut off in its first event")
			}
			return nil
		}
		e, err := decode(line)
		if err == nil {
			err = apply(e)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// readLine appends the next line to buf, without its end. It is not ended where
// the input ends in it.
func readLine(in *bufio.Reader, buf []byte, most int) (line []byte, ended bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		buf = append(buf, part...)
		switch {
		case err == nil:
			return buf[:len(buf)-1], true, nil
		case errors.Is(err, io.EOF):
			return buf, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return buf, false, err
		case len(buf) > most:
			return buf, false, fmt.Errorf("it is longer than %d MiB: this is no recorded run", most>>20)
		}
	}
}

// decode reads one event. A field that there is not is refused: a newer program
// may have recorded there what changes the verdict.
func decode(line []byte) (e soak.Event, err error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return e, errors.New("it is empty")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		var head struct {
			Schema string `json:"schema"`
		}
		if json.Unmarshal(line, &head) == nil && head.Schema != soak.Schema {
			return e, fmt.Errorf("the schema is %q, and this program reads %q", head.Schema, soak.Schema)
		}
		return e, fmt.Errorf("not an event of %s: %w", soak.Schema, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("there is more than one event on the line")
	}
	if e.Start != nil {
		return e, e.Start.Scenario.Validate()
	}
	return e, nil
}
