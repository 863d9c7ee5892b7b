//go:build !linux

package faults

import (
	"errors"
	"fmt"

	"hermes-soak/target"
)

func sendAll(_ []target.Identity, name string) error {
	return fmt.Errorf("sending %s: %w", name, errors.ErrUnsupported)
}
