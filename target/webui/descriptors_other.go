//go:build !linux

package webui

import "errors"

func descriptorLimit() (int, error) { return 0, errors.ErrUnsupported }

func openDescriptors(int) (int, error) { return 0, errors.ErrUnsupported }
