package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"hermes-soak/soak"
)

// progress is the bar of a run on a terminal. A nil progress draws nothing.
type progress struct {
	bars  *mpb.Progress
	bar   *mpb.Bar
	total int64
	began time.Duration // of the load
	whole time.Duration // of a run planned by time
	phase atomic.Value  // string
}

func newProgress(w io.Writer, s soak.Scenario) *progress {
	p := &progress{bars: mpb.New(mpb.WithOutput(w), mpb.WithWidth(48)), total: int64(s.Planned()), whole: s.For}
	if s.For > 0 {
		p.total = s.For.Milliseconds()
	}
	p.phase.Store("warming up")
	p.bar = p.bars.AddBar(0, // a bar that has a total from the start ends there, and cannot be given another
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.phase.Load().(string) + " " }, decor.WCSyncWidthR)),
		mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.Elapsed(decor.ET_STYLE_GO, decor.WCSyncSpace)),
		mpb.BarRemoveOnComplete())
	p.bar.SetTotal(p.total, false)
	return p
}

// Write prints above the bar, from the first column: a Ctrl-C that the terminal
// echoed has moved the cursor.
func (p *progress) Write(b []byte) (int, error) {
	_, err := p.bars.Write(append([]byte{'\r'}, b...))
	return len(b), err
}

// record moves the bar on.
func (p *progress) record(e soak.Event) {
	switch {
	case p == nil:
		return
	case e.Extend != nil:
		p.total = int64(e.Extend.Requests)
		p.bar.SetTotal(p.total, false)
		return
	case e.Act != nil:
		p.phase.Store("ending the server")
		return
	case e.Wave == nil:
		return
	}
	switch e.Wave.Kind {
	case soak.WaveLoad:
		p.phase.Store(fmt.Sprintf("batch %d", e.Wave.Batch))
		if p.whole > 0 {
			if p.began == 0 {
				p.began = e.Wave.Start
			}
			p.bar.SetCurrent(min((e.Wave.End - p.began).Milliseconds(), p.total))
			return
		}
		p.bar.SetCurrent(min(p.bar.Current()+int64(e.Wave.Sent()), p.total))
	case soak.WaveDrain:
		p.phase.Store("draining")
	case soak.WaveConfirm:
		p.phase.Store("idle stretch")
	}
}

// done takes the bar away.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
