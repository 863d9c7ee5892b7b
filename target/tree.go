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
