package reports

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"hermes-soak/soak"
)

// JSONL records a run as it happens, one event a line; its form is the
// $defs/event of schema.json. What a batch learned is written out when the
// batch ends, so that a run that is killed loses at most the batch in hand.
type JSONL struct {
	out *bufio.Writer
	enc *json.Encoder
}

// NewJSONL returns a recorder that writes to w.
func NewJSONL(w io.Writer) *JSONL {
	out := bufio.NewWriter(w)
	return &JSONL{out, json.NewEncoder(out)}
}

// Record adds one event. All but the waves of a soak, of which a batch has many,
// are written out at once.
func (j *JSONL) Record(e soak.Event) error {
	if err := j.enc.Encode(e); err != nil {
		return fmt.Errorf("record event %d: %w", e.Seq, err)
	}
	if e.Wave != nil && e.Wave.Kind != soak.WaveWatch {
		return nil
	}
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("record event %d: %w", e.Seq, err)
	}
	return nil
}
