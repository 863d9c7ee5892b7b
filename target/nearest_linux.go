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
		if share := float64(r.fds) / float64(r.limit); best == nil || share > most {
			best, most = &soak.Nearest{PID: r.id.PID, FDs: r.fds, Limit: r.limit}, share
		}
	}
	return best
}
