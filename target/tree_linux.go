package target

import (
	"fmt"
	"os"
	"strconv"
)

// Tree returns pid and the pids of all processes below it, as shown under root.
func Tree(root string, pid int) ([]int, error) {
	table, err := readTable(root)
	if err != nil {
		return nil, err
	}
	pids := []int{pid}
	for _, st := range descendants(table, pid) {
		pids = append(pids, st.PID)
	}
	return pids, nil
}

// readTable reads the stat of every process. Those that end meanwhile, and those
// that are hidden from us, are left out.
func readTable(root string) ([]stat, error) {
	pids, err := allPIDs(root)
	if err != nil {
		return nil, err
	}
	table := make([]stat, 0, len(pids))
	for _, pid := range pids {
		text, err := os.ReadFile(procPath(root, pid, "stat"))
		if err != nil {
			continue
		}
		st, err := parseStat(text)
		if err != nil {
			return nil, fmt.Errorf("pid %d: %w", pid, err)
		}
		table = append(table, st)
	}
	return table, nil
}

func allPIDs(root string) ([]int, error) {
	dir, err := os.Open(root)
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	defer func() { _ = dir.Close() }() // it was only read
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
