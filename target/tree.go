package target

// descendants returns the processes below pid, parents before their children.
// The table was read while processes came and went, so it may hold anything.
func descendants(table []stat, pid int) []stat {
	below := map[int][]stat{}
	for _, st := range table {
		below[st.ppid] = append(below[st.ppid], st)
	}
	seen := map[int]bool{pid: true}
	var tree []stat
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, st := range below[next[0]] {
			if !seen[st.PID] {
				seen[st.PID] = true
				tree = append(tree, st)
				next = append(next, st.PID)
			}
		}
	}
	return tree
}

// withoutStaleParents cuts processes off from a parent that is younger than they
// are. Windows never forgets the pid of a parent, also when it ended and another
// process has that pid now.
func withoutStaleParents(table []stat) []stat {
	start := map[int]uint64{}
	for _, st := range table {
		start[st.PID] = st.Ticks
	}
	for i, st := range table {
		if st.Ticks != 0 && start[st.ppid] > st.Ticks {
			table[i].ppid = 0
		}
	}
	return table
}
