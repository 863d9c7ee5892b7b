//go:build !linux

package faults

import (
	"errors"
	"fmt"

	"hermes-soak/target"
)

var errLinuxOnly = fmt.Errorf("disturbing a process: %w: it is for Linux only", errors.ErrUnsupported)

func (step) do() error { return errLinuxOnly }

func (step) undo() error { return errLinuxOnly }

func lowered(target.Identity, int) (step, error) { return step{}, errLinuxOnly }

func undoInherited([]step) error { return nil }

func permitted(target.Identity, bool) error { return errLinuxOnly }
