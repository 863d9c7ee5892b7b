package live

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hermes-soak/soak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is how often the tests have the charts made.
const quick = time.Millisecond

func opened(t *testing.T) *Page {
	t.Helper()
	return openedPatient(t, patience)
}

func openedPatient(t *testing.T, patience time.Duration) *Page {
	t.Helper()
	p, err := open(t.Context(), "127.0.0.1:0", "", quick, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// runs records a run of so many waves, and returns its report.
func runs(t *testing.T, p *Page, waves int) *soak.Report {
	t.Helper()
	r, seq := soak.NewReport(), int64(0)
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq, e.Mono = soak.Schema, "RUN", "host/1", seq, time.Duration(seq)*time.Second
		e.Wall = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC).Add(e.Mono)
		seq++
		if err := errors.Join(p.Record(e), r.Apply(e)); err != nil {
			t.Fatal(err)
		}
	}
	add(soak.Event{Kind: "start", Start: &soak.Start{Tool: "t", Platform: "p", Target: soak.Target{Kind: "attached", PID: 1, Ticks: 1},
		Scenario: soak.Scenario{Probes: []soak.Probe{}, Timeout: time.Second, PollEvery: time.Second, Observe: &soak.Observe{Every: time.Second, ClimbEvery: time.Minute, Alert: 0.8}}}})
	for i := range waves {
		at := time.Duration(seq) * time.Second
		add(soak.Event{Kind: "wave", Wave: &soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveWatch, Cell: -1, Block: -1, Probe: -1},
			Start: at - time.Second, End: at, Sample: soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: int64(10 + i)}}}})
	}
	return r
}

// ends records the end of the run.
func ends(t *testing.T, p *Page, r *soak.Report) {
	t.Helper()
	soak.Judge(r)
	if err := p.Finish(r); err != nil {
		t.Fatal(err)
	}
}

// client has no connection left over.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

// stream opens a stream of the page.
func stream(t *testing.T, p *Page) *http.Response {
	t.Helper()
	res, err := client(t).Get(p.URL() + "events/" + p.key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// until reads a stream up to an event, and returns its data.
func until(t *testing.T, r *bufio.Reader, event string) string {
	t.Helper()
	for found := false; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("no event %s: %v", event, err)
		}
		if data, is := strings.CutPrefix(line, "data: "); found && is {
			return data
		}
		found = line == "event: "+event+"\n"
	}
}

// TestGoesOnAfterStop: the page of a run that was interrupted and resumed has what came
// behind its first end.
func TestGoesOnAfterStop(t *testing.T) {
	p := opened(t)
	start := soak.Start{Tool: "t", Platform: "p", Target: soak.Target{Kind: "attached", URL: "http://127.0.0.1:1", PID: 1, Ticks: 1}, Scenario: soak.Scenario{
		Batches: 1, Requests: 1, Concurrency: 1, Timeout: time.Second, Drain: time.Second, MaxErrors: 0.01, PollEvery: time.Second,
		Probes: []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /"}}}}}
	rest := func(at string, fds int64) *soak.Rest {
		return &soak.Rest{At: at, Sample: soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: fds}}}
	}
	for i, e := range []soak.Event{
		{Kind: "start", Start: &start},
		{Kind: "rest", Rest: rest(soak.RestBefore, 10)},
		{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopInterrupted}},
		{Kind: "cut", Cut: &soak.Cut{}},
		{Kind: "rest", Rest: rest(soak.RestResumed, 12)},
		{Kind: "wave", Wave: &soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveLoad, Batch: 1, Requests: 1}, Start: time.Second, End: 2 * time.Second}},
	} {
		e.Schema, e.Run, e.Source, e.Seq, e.Mono = soak.Schema, "RUN", "host/1", int64(i), 2*time.Second
		e.Wall = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC).Add(e.Mono)
		if err := p.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	in := bufio.NewReader(stream(t, p).Body)
	for !strings.Contains(until(t, in, "going"), `"phase":"Load, batch 1 of 1"`) {
	}
}

// TestGoesOnAndEnds: a page has the run as it is by now, and the whole report at the end;
// who comes then has the report at once.
func TestGoesOnAndEnds(t *testing.T) {
	p := opened(t)
	r := runs(t, p, 5)
	in := bufio.NewReader(stream(t, p).Body)
	for {
		if data := until(t, in, "going"); strings.Contains(data, `"phase":"Watching for 5s"`) && strings.Contains(data, `"values":[10,11,12,13,14]`) {
			break
		}
	}
	ends(t, p, r)
	if data := until(t, in, "report"); !strings.HasPrefix(data, `{"run":"RUN","page":"<!DOCTYPE html>`) || !strings.Contains(data, "<strong>UNKNOWN</strong>") {
		t.Errorf("the end of the stream is %.300s", data)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) != 1 {
		t.Errorf("behind the report there is %q, %v", rest, err)
	}
	res, err := client(t).Get(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(b), "<strong>UNKNOWN</strong>") {
		t.Errorf("the page at the end: %.200s, %v", b, err)
	}
}

// TestAddresses: only loopback is listened on, and a port that is taken is told.
func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:0": "not a loopback", ":0": "not a loopback", "192.0.2.1:0": "not a loopback", "evil.example:0": "not a loopback", "[::]:0": "not a loopback",
		"8080": "no HOST:PORT", "": "no HOST:PORT", "127.0.0.1:x": "lookup", "127.0.0.1:99999": "invalid port",
	} {
		p, err := Open(t.Context(), address, "")
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	p := opened(t)
	if _, err := Open(t.Context(), p.listener.Addr().String(), ""); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("taken: %v", err)
	}
}

// TestNamesTheHistory: what the page says once the run is gone finds its report in the file
// that was named, and a shell takes that name as it is.
func TestNamesTheHistory(t *testing.T) {
	for history, want := range map[string]string{"": `data-history=""`, "/tmp/it's $(x).db": `data-history="--history &#39;/tmp/it&#39;\&#39;&#39;s $(x).db&#39; "`} {
		p, err := Open(t.Context(), "127.0.0.1:0", history)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client(t).Get(p.URL())
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close(), p.Close()); err != nil || !strings.Contains(string(page), want) {
			t.Errorf("%q: %.300s, %v, want %s", history, page, err, want)
		}
	}
}

// TestTurnsAway: a page elsewhere gets nothing, by whatever name it comes.
func TestTurnsAway(t *testing.T) {
	p := opened(t)
	ours := p.listener.Addr().String()
	_, port, _ := net.SplitHostPort(ours)
	for _, tt := range []struct {
		method, path, host string
		header             [2]string
		want               int
	}{
		{"GET", "/", ours, [2]string{}, 200}, {"HEAD", "/", ours, [2]string{}, 200}, {"GET", "/", "localhost:" + port, [2]string{}, 200},
		{"GET", "/", ours, [2]string{"Origin", "http://" + ours}, 200},
		{"GET", "/", "evil.example:" + port, [2]string{}, 421}, {"GET", "/", "evil.example", [2]string{}, 421}, {"GET", "/", "127.0.0.1.evil.example:" + port, [2]string{}, 421},
		{"GET", "/", "127.0.0.1", [2]string{}, 421}, {"GET", "/", "127.0.0.1:1", [2]string{}, 421}, {"GET", "/", "192.0.2.1:" + port, [2]string{}, 421},
		{"GET", "/events/" + p.key, ours, [2]string{"Origin", "http://evil.example"}, 403}, {"GET", "/", ours, [2]string{"Origin", "null"}, 403},
		{"GET", "/", ours, [2]string{"Origin", "http://localhost:1"}, 403}, {"GET", "/", ours, [2]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", "/events/", ours, [2]string{}, 404}, {"GET", "/events/x", ours, [2]string{}, 404}, {"GET", "/page.html", ours, [2]string{}, 404},
		{"POST", "/", ours, [2]string{}, 405}, {"DELETE", "/events/" + p.key, ours, [2]string{}, 405},
	} {
		req, err := http.NewRequest(tt.method, p.URL()+strings.TrimPrefix(tt.path, "/"), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = tt.host
		if tt.header[0] != "" {
			req.Header.Set(tt.header[0], tt.header[1])
		}
		res, err := client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s %s of %s %v: %d, want %d", tt.method, tt.path, tt.host, tt.header, res.StatusCode, tt.want)
		}
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: the headers are %v", tt.method, tt.path, res.Header)
		}
	}
}

// TestOnlyItself: the page asks for its stream and for nothing else.
func TestOnlyItself(t *testing.T) {
	for _, code := range []string{"fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "innerHTML", "eval("} {
		if strings.Contains(liveScript, code) {
			t.Errorf("the script has %s", code)
		}
	}
	for _, link := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(pageTemplate, -1) {
		if !strings.HasPrefix(link[1], "#") && link[1] != "data:," {
			t.Errorf("a link to %s", link[1])
		}
	}
}

// TestManyPages: there are no more streams than there may be, and no more connections.
func TestManyPages(t *testing.T) {
	p := opened(t)
	runs(t, p, 3)
	for range mostStreams {
		if res := stream(t, p); res.StatusCode != 200 {
			t.Fatal(res.Status)
		}
	}
	if res := stream(t, p); res.StatusCode != 503 {
		t.Errorf("one more stream: %s", res.Status)
	}
	var all []net.Conn
	for range 2 * mostConns {
		c, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	closed := 0
	for _, c := range all[mostConns:] {
		_ = c.SetReadDeadline(time.Now().Add(patience / 2))
		if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			closed++
		}
	}
	if closed != mostConns {
		t.Errorf("%d of %d connections too many were closed", closed, mostConns)
	}
}

// TestQuietConnections: those that ask for nothing do not keep a page out for long.
func TestQuietConnections(t *testing.T) {
	p := opened(t)
	for range mostConns {
		c, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	wait(t, "room", func() bool {
		res, err := client(t).Get(p.URL())
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == 200
	})
}

// stuck opens pages that read no more once a frame has begun that is far larger than
// what lies between.
func stuck(t *testing.T, p *Page, pages int) {
	t.Helper()
	p.publish(frame{event: "going", data: bytes.Repeat([]byte{' '}, 32<<20)})
	for range pages {
		c, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil { // else the system may take all of it
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET /events/%s HTTP/1.1\r\nHost: %s\r\n\r\n", p.key, p.listener.Addr())
		if _, err := io.ReadFull(c, make([]byte, 8<<10)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNeverWaits: pages that do not read delay neither the run nor, by more than a little,
// its end.
func TestNeverWaits(t *testing.T) {
	p := openedPatient(t, time.Minute)
	stuck(t, p, 4)
	r := runs(t, p, 5000)
	ends(t, p, r)
	began := time.Now()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < parting || took > time.Minute/2 {
		t.Errorf("it took %s to close", took)
	}
}

// TestSlowPagesAreDropped: they do not stand in the way of others.
func TestSlowPagesAreDropped(t *testing.T) {
	p := openedPatient(t, 50*time.Millisecond)
	stuck(t, p, mostStreams)
	wait(t, "room", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.streams == 0
	})
	p.publish(frame{event: "going", data: []byte("{}")})
	until(t, bufio.NewReader(stream(t, p).Body), "going")
}

// wait waits until something is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(quick) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestPagesComeAndGo: pages that are opened and closed leave nothing behind.
func TestPagesComeAndGo(t *testing.T) {
	p := opened(t)
	runs(t, p, 3)
	before := descriptors()
	for range 500 {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", p.URL()+"events/"+p.key, nil)
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{DisableKeepAlives: true}
		res, err := tr.RoundTrip(req)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		cancel()
		res.Body.Close()
		wait(t, "room for one more", func() bool { return p.conns.Load() < mostStreams/2 })
	}
	wait(t, "the last page to be gone", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.conns.Load() == 0 && p.streams == 0
	})
	wait(t, "the descriptors to be closed", func() bool { return descriptors() <= before })
}

// descriptors are how many are open; 0 where that cannot be seen.
func descriptors() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return len(all)
}

// TestOnlyWhereSeen: nothing is drawn where nobody looks.
func TestOnlyWhereSeen(t *testing.T) {
	p := opened(t)
	r := runs(t, p, 50)
	wait(t, "the events to be applied", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.pending) == 0
	})
	ends(t, p, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest.number != 0 || p.report != nil {
		t.Errorf("%d frames were made, and a report of %d bytes", p.newest.number, len(p.report))
	}
}
