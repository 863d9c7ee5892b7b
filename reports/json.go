package reports

import (
	"encoding/json"
	"fmt"
	"io"

	"hermes-soak/soak"
)

// JSON writes the whole report as one object; its form is the $defs/report of
// schema.json.
func JSON(w io.Writer, r *soak.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the json report: %w", err)
	}
	return nil
}
