package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// keepMaking applies the events, and makes a frame now and then where a page is open. A run
// that was interrupted may go on, and its record then has a stop in between; a watch never
// does.
func (p *Page) keepMaking() {
	r, due, fresh := soak.NewReport(), time.Now(), false
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-p.wake:
		case <-t.C:
		}
		p.mu.Lock()
		events, watched := p.pending, p.streams > 0
		p.pending = nil
		p.mu.Unlock()
		for _, e := range events {
			fresh = true
			err := r.Apply(e)
			if err == nil && e.Stop != nil && (e.Stop.Reason != soak.StopInterrupted || r.Start.Scenario.Observe != nil) {
				return // the report is made of the run's own, and judging it needs the memory
			}
			if err != nil {
				p.mu.Lock()
				p.failed = err
				p.mu.Unlock()
				return
			}
		}
		switch now := time.Now(); {
		case !fresh || !watched:
		case now.Before(due):
			t.Reset(due.Sub(now))
		default:
			f, err := going(r)
			if err != nil {
				p.mu.Lock()
				p.failed = err
				p.mu.Unlock()
				return
			}
			p.publish(f)
			fresh, due = false, time.Now().Add(max(p.every, rarer*time.Since(now)))
		}
	}
}

// going is the frame of a run that goes on.
func going(r *soak.Report) (frame, error) {
	data, err := inOneLine(struct {
		Run string `json:"run"`
		*soak.Going
	}{r.Run, soak.NewGoing(r)})
	return frame{event: "going", data: data}, err
}

// last is the frame of the report, which holds its whole page.
func last(r *soak.Report) (frame, []byte, error) {
	var page bytes.Buffer
	if err := reports.HTML(&page, r); err != nil {
		return frame{}, nil, err
	}
	data, err := inOneLine(struct {
		Run  string `json:"run"`
		Page string `json:"page"`
	}{r.Run, page.String()})
	return frame{event: "report", data: data, last: true}, page.Bytes(), err
}

// inOneLine is v in JSON, without a line end, as a server-sent event has it.
func inOneLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write what the live page shows: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
