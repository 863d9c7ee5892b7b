package target

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parseLimits returns the soft limit on open files from the text of
// /proc/PID/limits; math.MaxInt64 where there is none.
func parseLimits(text string) (int64, error) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			break
		}
		if fields[0] == "unlimited" {
			return math.MaxInt64, nil
		}
		soft, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("limits: open files: %w", err)
		}
		return int64(min(soft, math.MaxInt64)), nil
	}
	return 0, errors.New("limits: no line on open files")
}
