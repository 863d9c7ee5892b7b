package reports

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"hermes-soak/soak"
)

// faultTable is a line for each fault: what was done, and what it left behind; "" where
// there were none. What is not known is "?", and what another process cannot keep "-".
func faultTable(all []soak.FaultDone) string {
	if len(all) == 0 {
		return ""
	}
	var s strings.Builder
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAULTS\tinjected\tmissed\trecovered in\thandles\tkept per occurrence\tmeanwhile")
	for _, f := range all {
		recovered, kept, handles := "?", "?", level(f.Before)+", then "+level(f.After)
		switch {
		case f.Lost():
			recovered = "never"
		case f.Injected > 0:
			recovered = millis(f.Recovered)
		case f.Missed == 0:
			recovered, kept, handles = "-", "-", "-"
		}
		if k := f.Kept; k != nil {
			kept = fmt.Sprintf("%+.2f (95%% %.2f-%.2f)", k.Rate, k.Low, k.High)
		}
		if f.Act {
			kept = "-"
		}
		var states []string
		for _, state := range f.During {
			states = append(states, string(state))
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\n", Printable(f.Fault), f.Injected, f.Missed, recovered, handles, kept, strings.Join(states, ", "))
	}
	_ = t.Flush() // into memory: it cannot fail
	var lines strings.Builder
	for line := range strings.Lines(s.String()) {
		fmt.Fprintln(&lines, strings.TrimRight(line, " \n"))
	}
	return lines.String()
}

// level is a number of handles that may not have been read.
func level(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}
