package python

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// costTurn is how many requests running a server gets, as in a wave: one that was
// just asleep finds no cache warm.
const costTurn = 20

// TestCost measures what tracing adds to the median latency of requests that open
// and close a connection: see scripts/trace-cost.sh. It runs only where it is asked.
func TestCost(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("HERMES_SOAK_TRACE_COST"))
	if err != nil {
		t.Skip("HERMES_SOAK_TRACE_COST gives the number of rounds")
	}
	eachPython(t, func(t *testing.T, python string) {
		plain := func() *serving {
			tr := newTraced(t, Options{})
			if err := os.RemoveAll(tr.folder); err != nil {
				t.Fatal(err)
			}
			return tr.serve(t, python, "testdata/classes.py", "fixed")
		}
		servers := []*serving{plain(), plain(),
			newTraced(t, Options{}).serve(t, python, "testdata/classes.py", "fixed"),
			newTraced(t, Options{Openers: true}).serve(t, python, "testdata/classes.py", "fixed")}
		took := make([][]time.Duration, len(servers))
		for i := range rounds {
			for k := range servers {
				k = (k + i) % len(servers)
				for range costTurn {
					begin := time.Now()
					servers[k].get("/bare")
					if i >= rounds/10 { // warmed up
						took[k] = append(took[k], time.Since(begin))
					}
				}
			}
		}
		median := func(k int) time.Duration {
			slices.Sort(took[k])
			return took[k][len(took[k])/2]
		}
		twin := median(0)
		for k, name := range []string{"untraced", "untraced twin", "sqlite", "sqlite,fd"} {
			fmt.Printf("    cost %s %-14s p50 %v %+.1f %%\n", t.Name(), name, median(k), 100*(float64(median(k))/float64(twin)-1))
		}
	})
}
