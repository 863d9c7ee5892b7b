package soak

import "fmt"

// nearestLimit is the process that came nearest to its limit: its file
// descriptors and the soft limit. The scenario's limit goes before the one that
// was read. ok is false where there is none or nothing was counted.
func (r *Report) nearestLimit() (fds, limit int64, ok bool) {
	fds, limit = r.nearestRead()
	if l := r.Start.Scenario.Limit; l > 0 {
		limit = l
	}
	return fds, limit, fds > 0 && limit > 0
}

// nearestRead is the same under the limit that was read, 0 where none was.
func (r *Report) nearestRead() (fds, limit int64) {
	near, alone := r.nearest, len(r.parts) <= 1
	if alone {
		near = nearer(near, r.peaked)
	}
	switch {
	case near != nil:
		return near.FDs, near.Limit
	case r.Peak != nil && alone:
		fds = *r.Peak
	}
	return fds, r.Start.Target.Limit
}

// atLimit says, in words, that the descriptors came to the limit that the target
// really has: from there on it fails to open more, and that it holds no more says
// nothing of what it would have kept. "" where they did not, or no limit is known.
func (r *Report) atLimit() string {
	fds, limit := r.nearestRead()
	if limit == 0 {
		limit = r.Start.Scenario.Limit
	}
	if fds == 0 || limit == 0 || !exhausted(fds, limit) {
		return ""
	}
	return fmt.Sprintf("at its limit, %d of %d file descriptors", fds, limit)
}

// LimitOf is the soft limit on file descriptors that a sample of the run is held
// against: that of the process nearest to its own. ok is false where none is known.
func (s *Start) LimitOf(sample Sample) (limit int64, ok bool) {
	switch near := sample.Nearest; {
	case s.Scenario.Limit > 0:
		limit = s.Scenario.Limit
	case near != nil:
		limit = near.Limit
	default:
		limit = s.Target.Limit
	}
	return limit, limit > 0
}
