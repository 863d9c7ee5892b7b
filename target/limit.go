package target

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// parseLimits returns the soft limit on open files from the text of
// /proc/PID/limits; math.MaxInt64 where there is none.
func parseLimits(text []byte) (int64, error) {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte("Max open files"))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) < 2 {
			break
		}
		if string(fields[0]) == "unlimited" {
			return math.MaxInt64, nil
		}
		soft, err := strconv.ParseUint(string(fields[0]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("limits: open files: %w", err)
		}
		return int64(min(soft, math.MaxInt64)), nil
	}
	return 0, errors.New("limits: no line on open files")
}
