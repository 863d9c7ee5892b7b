package ratchet

// neverReleased returns f_j = min of x_i over i >= j, load and drain together.
func neverReleased(values []int64) []int64 {
	floor := make([]int64, len(values))
	for j := len(values) - 1; j >= 0; j-- {
		floor[j] = values[j]
		if j+1 < len(values) {
			floor[j] = min(floor[j], floor[j+1])
		}
	}
	return floor
}

// longestHeld returns the longest stretch of waves in [from, to) that held more than they kept (x_j > f_j) and then let go.
// A stretch still open at the end says nothing of how long things are held, so it does not count.
func longestHeld(values, floor []int64, from, to int) int {
	longest, open := 0, 0
	for j := from; j < to; j++ {
		if values[j] > floor[j] {
			open++
			continue
		}
		longest, open = max(longest, open), 0
	}
	return longest
}

// guard returns h = max(3, ceil(2.5 longest)), at most a fifth of the waves: near the end the level is a minimum over few
// samples, and what is merely held looks kept.
func guard(longest, waves int) int {
	return min(max(3, (5*longest+1)/2), waves/5)
}
