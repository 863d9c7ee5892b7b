//go:build !linux

package target

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

func unsupported(what string) error {
	return fmt.Errorf("%s: not supported here (%s): %w", what, runtime.GOOS, errors.ErrUnsupported)
}

// Guard is for Linux only.
func Guard() int { return 2 }

func guardCommand() (*exec.Cmd, error) {
	return nil, fmt.Errorf("%w; start it yourself (the bundled WebUI: hermes-soak serve), and soak it by its address: hermes-soak run --url URL", unsupported("launching a target"))
}

func sweep(string) error { return unsupported("ending a target") }
