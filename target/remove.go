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

// removable refuses whatever does not look like our own temporary file: it must
// lie below os.TempDir and its base name must begin with TempPrefix.
func removable(path string) error {
	temp := strings.TrimSuffix(os.TempDir(), string(filepath.Separator)) + string(filepath.Separator)
	if path != filepath.Clean(path) || !strings.HasPrefix(path, temp) || !strings.HasPrefix(filepath.Base(path), TempPrefix) {
		return fmt.Errorf("refusing to remove %q: want a path such as %s", path, filepath.Join(temp, TempPrefix+"home"))
	}
	return nil
}

// removeAll removes every path that it can.
func removeAll(paths []string) error {
	var errs []error
	for _, path := range paths {
		err := removable(path)
		if err == nil {
			err = os.RemoveAll(path)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
