package target

import "hermes-soak/soak"

// nearest returns the process that uses most of its own limit; nil where no limit
// is known. One whose limit is 0 does not take part: it was shut in on purpose,
// as sandboxes do, and what it opened before cannot grow.
func nearest(read []reading) *soak.Nearest {
	var best *soak.Nearest
	var most float64
	for _, r := range read {
		if r.limit <= 0 {
			continue
		}
		used := min(r.fds-r.above, r.limit) // where names are denied, what is above it is not known
		if share := float64(used) / float64(r.limit); best == nil || share > most {
			best, most = &soak.Nearest{PID: r.id.PID, FDs: used, Limit: r.limit}, share
		}
	}
	return best
}
