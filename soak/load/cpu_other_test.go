//go:build !unix

package load

import "time"

// cpuTime cannot be known here.
func cpuTime() time.Duration { return 0 }
