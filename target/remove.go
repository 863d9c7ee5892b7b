package target

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// TempPrefix begins the base name of every file and folder that may be removed
// when a target ends. Make them with os.MkdirTemp("", TempPrefix+"*").
const TempPrefix = "hermes-soak-"

// removable returns path absolute and clean, which is the form to remove it in:
// TMPDIR, and with it what os.MkdirTemp returns, may be relative to a folder that
// is not everybody's, or hold "//". It refuses whatever does not look like our own
// temporary file: it must lie below os.TempDir and its base name must begin with
// TempPrefix.
func removable(path string) (string, error) {
	temp, err := filepath.Abs(os.TempDir())
	if err != nil {
		return "", fmt.Errorf("removing %q: %w", path, err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("removing %q: %w", path, err)
	}
	below := strings.TrimSuffix(temp, string(filepath.Separator)) + string(filepath.Separator)
	if path == "" || !strings.HasPrefix(full, below) || !strings.HasPrefix(filepath.Base(full), TempPrefix) {
		return "", fmt.Errorf("refusing to remove %q: want a path such as %s", path, filepath.Join(temp, TempPrefix+"home"))
	}
	return full, nil
}

// removables returns those of the paths that may be removed, absolute and clean,
// and an error for the others.
func removables(paths []string) (full []string, err error) {
	var errs []error
	for _, path := range paths {
		ours, err := removable(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		full = append(full, ours)
	}
	return full, errors.Join(errs...)
}

// removeAll removes every path that it may and can.
func removeAll(paths []string) error {
	full, err := removables(paths)
	errs := []error{err}
	for _, path := range full {
		errs = append(errs, detach(path), os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

// EndSmallDisk removes the folder of SmallDisk and its disk; it may be gone already.
func EndSmallDisk(folder string) error { return removeAll([]string{folder}) }
