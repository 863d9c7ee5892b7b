package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// blind makes the sampler look for the target in a folder that refuses. The
// guard removes the folder.
func (p *targetPlan) blind() error {
	root, err := tempHome()
	if err != nil {
		return err
	}
	p.command.Remove = append(p.command.Remove, root)
	p.procOf = func(pid int) (string, error) { return root, refusingProc(root, pid) }
	return nil
}

// refusingProc fills root with what /proc shows of one process, but for its file
// descriptors: fd is a file, which nobody can list, not even root, for whom mode
// bits are no obstacle.
func refusingProc(root string, pid int) error {
	number := strconv.Itoa(pid)
	shown, blind := filepath.Join(procRoot, number), filepath.Join(root, number)
	if err := os.Mkdir(blind, 0o700); err != nil {
		return fmt.Errorf("make a /proc that refuses: %w", err)
	}
	entries, err := os.ReadDir(shown)
	if err != nil {
		return fmt.Errorf("make a /proc that refuses: %w", err)
	}
	for _, e := range entries {
		if e.Name() == "fd" {
			err = os.WriteFile(filepath.Join(blind, "fd"), nil, 0o600)
		} else {
			err = os.Symlink(filepath.Join(shown, e.Name()), filepath.Join(blind, e.Name()))
		}
		if err != nil {
			return fmt.Errorf("make a /proc that refuses: %w", err)
		}
	}
	return nil
}
