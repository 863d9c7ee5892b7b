//go:build !linux

package target

import (
	"errors"
	"fmt"
)

// SmallDisk is for Linux only.
func SmallDisk(int64) (string, error) {
	return "", fmt.Errorf("a small disk: %w: it is for Linux only", errors.ErrUnsupported)
}

func detach(string) error { return nil }
