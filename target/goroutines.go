package target

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

const (
	goroutineFrames = 3        // of a stack that name it
	largestProfile  = 64 << 20 // bytes of an answer; a server with a million goroutines sends 1
)

// Goroutines reads the goroutine profile of Go servers that import net/http/pprof.
type Goroutines struct {
	client *http.Client
	url    string
}

// NewGoroutines reads from a profile's address, such as
// http://127.0.0.1:6060/debug/pprof, within the timeout. The transport dials what it
// is allowed to.
func NewGoroutines(transport http.RoundTripper, address string, timeout time.Duration) (*Goroutines, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("goroutine profile %q: want an address such as http://127.0.0.1:6060/debug/pprof", address)
	}
	switch u.Path = strings.TrimSuffix(u.Path, "/"); {
	case u.Path == "":
		u.Path = "/debug/pprof/goroutine"
	case path.Base(u.Path) != "goroutine":
		u.Path += "/goroutine"
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Goroutines{&http.Client{Transport: transport, CheckRedirect: refuse, Timeout: timeout}, u.String()}, nil
}

// Read counts the goroutines by stack. It asks the server, so it is for moments
// at which nothing is measured, and leaves no connection open.
func (g *Goroutines) Read(ctx context.Context) (map[string]int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url, nil)
	if err != nil {
		return nil, fmt.Errorf("goroutine profile: %w", err)
	}
	request.Close = true
	answer, err := g.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("goroutine profile: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("goroutine profile: %s answered %s; the server has to import net/http/pprof", g.url, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, largestProfile))
	if err != nil {
		return nil, fmt.Errorf("goroutine profile: %w", err)
	}
	return parseGoroutines(body)
}

// parseGoroutines counts the goroutines of a profile by the frames of their stacks
// that are nearest to where they stand, outside package runtime. The goroutine
// that writes the profile is left out.
func parseGoroutines(b []byte) (map[string]int64, error) {
	p, err := profile.Parse(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("goroutine profile: %w: is it net/http/pprof?", err)
	}
	if len(p.SampleType) != 1 || p.SampleType[0].Type != "goroutine" {
		return nil, fmt.Errorf("the profile is none of goroutines")
	}
	counts := map[string]int64{}
	for _, s := range p.Sample {
		if name := stackName(s); name != "" {
			counts[name] += s.Value[0]
		}
	}
	return counts, nil
}

// stackName is what tells one kind of goroutine from another; "" for the one that
// writes the profile.
func stackName(s *profile.Sample) string {
	var frames []string
	for _, at := range s.Location {
		for _, line := range at.Line {
			if line.Function == nil {
				continue
			}
			name := line.Function.Name
			switch {
			case strings.HasPrefix(name, "runtime/pprof."):
				return ""
			case strings.HasPrefix(name, "runtime.") && len(frames) == 0, len(frames) == goroutineFrames:
				continue
			}
			frames = append(frames, fmt.Sprintf("%s (%s:%d)", name, path.Base(line.Function.Filename), line.Line))
		}
	}
	if len(frames) == 0 {
		return "runtime"
	}
	return strings.Join(frames, " < ")
}
