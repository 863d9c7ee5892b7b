package load

import (
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestStream: a stream without an end is a right answer, listened to for a
// moment; the connection ends with it.
func TestStream(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\ndata: x\n\n")
		p.hang()
	})
	d := driver(t, s.url, nil)
	began := time.Now()
	out := send(t, d, 3)
	if len(out.Answers) != 1 || out.Answers[0] != (soak.Answer{N: 3, Class: soak.ClassOK, Status: 200}) {
		t.Errorf("got %+v", out)
	}
	if took := time.Since(began); took < 3*streamStay || took > 30*time.Second { // far from a timeout
		t.Errorf("it took %s", took)
	}
	eventually(t, "the server's ends closed", func() bool { return s.open.Load() == 0 })
}
