package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
)

// commonRows are looked at on every platform.
func commonRows() []row {
	return []row{
		{"self-check", selfCheck},
		{"lsof", lsofPresent},
		{"python3", pythonPresent},
		{"disk", diskFree},
	}
}

// targetRows look at the server that was asked for, if any.
func (m machine) targetRows() []row {
	if m.anyServer() {
		return nil
	}
	return []row{{"server", serverReadable}, {"server's limit", serverLimit}}
}

// selfCheck reads our own process by the way that a soak reads a server.
func selfCheck(ctx context.Context, m machine) finding {
	id, err := target.Identify(m.root, os.Getpid())
	if err != nil {
		return cannot("our own process cannot be found: "+err.Error(), "")
	}
	sample, uncounted, err := sampleOnce(ctx, m.root, id)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return cannot(err.Error(), "run hermes-soak on Linux or macOS")
	case err != nil:
		return cannot("our own process cannot be read: "+err.Error(), "")
	case sample.Denied != "":
		return limited("the handles of our own process can only be counted: "+sample.Denied, "file groups will be unknown")
	}
	evidence := fmt.Sprintf("%d descriptors of our own process read by name", sample.Gauges[soak.GaugeFDs])
	if uncounted != nil {
		return note(evidence+"; their number alone is not told", "the peak inside a wave will not be seen, nor can other users' processes be counted; Linux 6.2 tells it")
	}
	return fine(evidence + ", and the cheap count agrees")
}

// sampleOnce takes one sample; uncounted says why there is no cheap count beside it.
func sampleOnce(ctx context.Context, root string, id target.Identity) (sample soak.Sample, uncounted, err error) {
	sampler, err := target.NewSampler(target.SamplerConfig{Root: root, Identity: id, Again: sameCommand()})
	if err != nil {
		return soak.Sample{}, nil, err
	}
	defer sampler.Close()
	if sample, err = sampler.Sample(ctx); err == nil {
		_, uncounted = sampler.Count()
	}
	return sample, uncounted, err
}

// lsofRevision is in the answer of lsof -v.
var lsofRevision = regexp.MustCompile(`revision: (\S+)`)

func lsofPresent(ctx context.Context, m machine) finding {
	needed := runtime.GOOS == "darwin"
	out, err := m.output(ctx, "lsof", "-v")
	version := lsofRevision.FindStringSubmatch(out)
	switch {
	case err == nil && version != nil && needed:
		return fine("version " + version[1])
	case err == nil && version != nil:
		return fine("version " + version[1] + ", not needed on " + runtime.GOOS)
	case !needed && errors.Is(err, exec.ErrNotFound):
		return fine("not installed, and not needed on " + runtime.GOOS)
	case !needed:
		return fine("does not say its version, and is not needed on " + runtime.GOOS)
	}
	return cannot("cannot be run: "+fmt.Sprint(err), "put /usr/sbin into PATH: macOS has lsof there")
}

func pythonPresent(ctx context.Context, m machine) finding {
	out, err := m.output(ctx, "python3", "--version")
	version, ok := strings.CutPrefix(strings.TrimSpace(out), "Python ")
	if err != nil || !ok {
		return note("cannot be run", "it will be needed only to look into Python sources")
	}
	return fine("version " + version)
}

// littleDisk is what the record and the log of a long soak may take.
const littleDisk = 100 << 20

func diskFree(_ context.Context, m machine) finding {
	var found []string
	little := false
	for _, dir := range []string{".", os.TempDir()} {
		free, err := m.free(dir)
		if err != nil {
			return note("the room on the disk of "+dir+" cannot be read: "+err.Error(), "")
		}
		found = append(found, fmt.Sprintf("%d MiB free in %s", free>>20, dir))
		little = little || free < littleDisk
	}
	if little {
		return note(strings.Join(found, ", "), "a long soak writes a record, and the server that it starts a log: make room, or set TMPDIR")
	}
	return fine(strings.Join(found, ", "))
}

// serverID finds the server that was asked for.
func (m machine) serverID(ctx context.Context) (target.Identity, error) {
	if m.pid != 0 {
		return target.Identify(m.root, m.pid)
	}
	u, err := load.ParseURL(m.url)
	if err != nil {
		return target.Identity{}, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return target.Identity{}, err
	}
	port, err := strconv.ParseUint(portOf(u), 10, 16)
	if err != nil {
		return target.Identity{}, err
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	s, err := target.Find(m.root, addrs)
	return s.Identity, err
}

func serverReadable(ctx context.Context, m machine) finding {
	id, err := m.serverID(ctx)
	var sample soak.Sample
	if err == nil {
		sample, _, err = sampleOnce(ctx, m.root, id)
	}
	switch {
	case errors.Is(err, soak.ErrBlind) && m.pid == 0:
		return cannot(err.Error(), asOwner()+"; with its --pid its handles may at least be counted")
	case errors.Is(err, soak.ErrBlind):
		return cannot(err.Error(), asOwner())
	case err != nil:
		return cannot(err.Error(), "")
	}
	evidence := fmt.Sprintf("pid %d and %d below it hold %d descriptors", id.PID, sample.Gauges[soak.GaugeChildren], sample.Gauges[soak.GaugeFDs])
	if sample.Denied != "" {
		return limited(evidence+", which can only be counted", sample.Denied)
	}
	return fine(evidence + ", read by name")
}

func serverLimit(ctx context.Context, m machine) finding {
	id, err := m.serverID(ctx)
	if err != nil {
		return note("not read, as the server was not", "")
	}
	limit, err := target.Limit(m.root, id.PID)
	if err != nil {
		return limited("not told: "+err.Error(), "give it with --limit, as ulimit -n says it where the server is started")
	}
	return fine(fmt.Sprintf("%d descriptors", limit))
}
