package target

import (
	"fmt"
	"os"
)

// Limit returns the soft limit on file descriptors of the process pid, as shown
// under root; math.MaxInt64 where it is unlimited. Its error wraps soak.ErrGone
// or soak.ErrBlind.
func Limit(root string, pid int) (int64, error) {
	text, err := os.ReadFile(procPath(root, pid, "limits"))
	if err != nil {
		return 0, unreadable(root, pid, err)
	}
	soft, err := parseLimits(text)
	if err != nil {
		return 0, fmt.Errorf("pid %d: %w", pid, err)
	}
	return soft, nil
}
