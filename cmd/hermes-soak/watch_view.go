package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// samplesPerLine is how many samples of a watch one line stands for: a minute of
// them at the default pace. So often the trend is looked at anew.
const samplesPerLine = 12

// watchView shows a watch: on a terminal one line that is redrawn at each sample,
// else a line now and then. It is the recorder of the watch.
type watchView struct {
	*output
	redraw bool

	mu      sync.Mutex // of what follows: the user may be told something meanwhile
	drawn   bool       // a line stands on the terminal that was not ended
	samples int
	at      time.Duration
	last    soak.Sample
	trend   string
	alerted bool
	failed  error // of printing
}

func newWatchView(o *output) *watchView {
	v := &watchView{output: o, redraw: !o.quiet && isTerminal(o.stderr) && os.Getenv("CI") == ""}
	o.line.Store(v)
	return v
}

// Record hands the event to the files, keeps the newest sample, and tells at once
// where the server's health is no longer what it was.
func (v *watchView) Record(e soak.Event) error {
	if e.Wave != nil {
		v.mu.Lock()
		v.samples, v.at, v.last = v.samples+1, e.Mono, e.Wave.Sample
		v.mu.Unlock()
	}
	if l := e.Ladder; l != nil && (l.When == soak.ClimbWatch || l.When == soak.ClimbFailure) {
		v.say(fmt.Sprintf("after %s the server is %s", e.Mono.Round(time.Second), reports.Printable(l.Evidence)))
	}
	return errors.Join(v.failed, v.keep(e))
}

// seen shows the newest sample and what the watch knows by now.
func (v *watchView) seen(r *soak.Report) {
	if alert := r.Alert(); alert != "" && !v.alerted {
		v.alerted = true
		v.say("ALERT: " + alert)
	}
	due := v.samples%samplesPerLine == 1
	if due {
		outlook := r.Outlook()
		v.trend = outlook.Text
		v.telling.expect(outlook)
	}
	if v.quiet || !v.redraw && !due {
		return
	}
	line := reports.SampleLine(v.at, v.last, v.watch, v.trend)
	if !v.redraw {
		if err := v.print(line); err != nil {
			v.failed = fmt.Errorf("print a sample: %w", err)
		}
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if text := []rune(line); len(text) >= width(v.stderr) {
		line = string(text[:max(0, width(v.stderr)-1)])
	}
	fmt.Fprintf(v.stderr, "\r\x1b[K%s", line)
	v.drawn = true
}

// clear takes the line away.
func (v *watchView) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drawn {
		fmt.Fprintf(v.stderr, "\r\x1b[K")
	}
	v.drawn = false
}
