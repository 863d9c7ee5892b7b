// Package faults disturbs a server: as a bad client of it, as a bad network in front
// of it, and in its own processes and files. Each fault is bounded in count, time and bytes, and one that
// could not be carried out is an error, never an occurrence.
package faults

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/nearest"
)

// A Spec is a fault as it was asked for. Only Parse makes one.
type Spec struct {
	kind    kind
	path    string
	numbers map[string]int64
}

// A kind is what sets one fault apart. One of client, network, process and act is set.
type kind struct {
	name string
	// path says that the fault asks for a path, which the key path gives.
	path    bool
	keys    []key
	check   func(Spec) error // over several keys; may be nil
	client  func(Spec, Target, uint64) injector
	network func(Spec, *Proxy) injector
	// met says of a fault of the network whether a request that ended so has met it.
	met     func(soak.Answer) bool
	process func(Spec, Processes) injector
	act     bool // it ends the target, and so comes after all others
	home    bool // it is for a home of our own only
	linux   bool // it is for Linux only
	stream  bool // its path is to be that of an event stream
}

func kinds() []kind {
	return []kind{
		abort, halfOpen, slowReader, slowHeaders, reset, malformed, burst, sseDrop,
		latency, bandwidth, resetPeer, slicer, timeout, down,
		pause, cpu, fdLimit, dbLock, dbReplace, diskFull,
		kill, term, corrupt,
	}
}

// Kinds are the names of all faults: those of clients, of the network, of processes.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// Keys are the names of the keys of a kind that Kinds names.
func Keys(name string) []string {
	for _, k := range kinds() {
		if k.name == name {
			return k.known()
		}
	}
	return nil
}

const keyPath = "path"

// Parse reads KIND[:key=value,...]. Keys that are not given have the values of
// their kind. Its errors do not show the query of a path, which may be a secret.
func Parse(spec string) (Spec, error) {
	name, rest, more := strings.Cut(spec, ":")
	var settings [][2]string
	if more {
		for setting := range strings.SplitSeq(rest, ",") {
			key, value, found := strings.Cut(setting, "=")
			switch {
			case found:
				settings = append(settings, [2]string{key, value})
			case strings.Contains(rest, "?"):
				return Spec{}, fmt.Errorf("fault %s: a part of it is no key=value; %s", withoutQuery(name), commaHint)
			case rest == "":
				return Spec{}, fmt.Errorf("fault %s: nothing follows the colon; want KIND alone, or KIND:key=value", name)
			default:
				return Spec{}, fmt.Errorf("fault %s: %q is no key=value", name, setting)
			}
		}
	}
	return New(name, settings)
}

const commaHint = "a comma of a path is written %2C"

// New makes a fault of a kind, with the names and values of its settings. A comma of
// its path is sent as %2C, which means the same.
func New(name string, settings [][2]string) (Spec, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		name = withoutQuery(name)
		return Spec{}, fmt.Errorf("fault %q: no such kind, %s", name, nearest.Asked(name, Kinds()))
	}
	s := Spec{kind: all[i], numbers: map[string]int64{}}
	for _, setting := range settings {
		if err := s.set(setting[0], setting[1]); err != nil {
			return Spec{}, fmt.Errorf("fault %s: %w", name, err)
		}
	}
	if s.kind.check != nil {
		if err := s.kind.check(s); err != nil {
			return Spec{}, fmt.Errorf("fault %s: %w", name, err)
		}
	}
	if _, every := s.When(); every > 0 && s.Lasts() > every {
		return Spec{}, fmt.Errorf("fault %s: it lasts %s and comes every %s; want every=, or a shorter for=, so that it ends before it comes again", name, short(s.Lasts()), short(every))
	}
	return s, nil
}

// set takes one setting. What follows the query of a path may be a part of that, and
// is not shown.
func (s *Spec) set(name, value string) error {
	if name == keyPath && s.kind.path {
		if s.path != "" {
			return fmt.Errorf("%s is given twice", name)
		}
		s.path = strings.ReplaceAll(value, ",", "%2C")
		return checkPath(s.path)
	}
	secret := strings.Contains(s.path, "?")
	k, ok := s.kind.key(name)
	switch _, given := s.numbers[name]; {
	case !ok && secret:
		return fmt.Errorf("what follows the path is no key of it; %s", commaHint)
	case !ok:
		return s.kind.unknown(withoutQuery(name))
	case given:
		return fmt.Errorf("%s is given twice", name)
	}
	n, err := k.read(value)
	switch {
	case err != nil && secret:
		return fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return fmt.Errorf("%s=%s: %w", name, withoutQuery(value), err)
	}
	s.numbers[name] = n
	return nil
}

// withoutQuery is a text without what stands behind a question mark.
func withoutQuery(text string) string {
	before, _, asks := strings.Cut(text, "?")
	if asks {
		before += "?…"
	}
	return before
}

// numbers are all keys of the kind but its path. The acts come when all else is over.
func (k kind) numbers() []key {
	if k.act {
		return k.keys
	}
	return append(slices.Clip(k.keys), timing...)
}

// key is the key of that name.
func (k kind) key(name string) (key, bool) {
	all := k.numbers()
	i := slices.IndexFunc(all, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return all[i], true
}

// known are the names of all keys of the kind.
func (k kind) known() (names []string) {
	if k.path {
		names = append(names, keyPath)
	}
	for _, k := range k.numbers() {
		names = append(names, k.name)
	}
	return names
}

func (k kind) unknown(name string) error {
	return fmt.Errorf("%s has no key %q, %s", k.name, name, nearest.Asked(name, k.known()))
}

// checkPath takes what stands in a request line as it is.
func checkPath(path string) error {
	wrong := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, wrong) || len(path) > 4<<10 {
		return fmt.Errorf("%s=%q: want a path of the target such as /api/sessions, escaped, at most 4096 bytes", keyPath, withoutQuery(path))
	}
	return nil
}

// String is what Parse reads as s: the kind and what differs from its own
// values, in the order of its keys.
func (s Spec) String() string {
	var settings []string
	if s.path != "" {
		settings = append(settings, keyPath+"="+s.path)
	}
	for _, k := range s.kind.numbers() {
		if n := s.number(k.name); n != k.usual {
			settings = append(settings, k.name+"="+k.write(n))
		}
	}
	if len(settings) == 0 {
		return s.kind.name
	}
	return s.kind.name + ":" + strings.Join(settings, ",")
}

// Kind is the name of the fault, such as "abort".
func (s Spec) Kind() string { return s.kind.name }

// NeedsProxy reports whether the fault is one of the network, in front of the
// target.
func (s Spec) NeedsProxy() bool { return s.kind.network != nil }

// NeedsProcesses reports whether the fault is one of processes or files.
func (s Spec) NeedsProcesses() bool { return s.kind.process != nil }

// IsAct reports whether the fault ends the target, which is to come back as another
// process.
func (s Spec) IsAct() bool { return s.kind.act }

// NeedsHome reports whether the fault is one of files, which are to be our own.
func (s Spec) NeedsHome() bool { return s.kind.home }

// NeedsLinux reports whether the fault is for Linux only.
func (s Spec) NeedsLinux() bool { return s.kind.linux }

// NeedsStream reports whether the fault is one of a client of an event stream, and
// the path of that is not given.
func (s Spec) NeedsStream() bool { return s.kind.stream && s.path == "" }

// NeedsSmallDisk reports whether the fault fills the disk of the target's home.
func (s Spec) NeedsSmallDisk() bool { return s.kind.name == diskFull.name }

// Lasts is how long the fault is meant to be there before it is healed; 0 for
// one that is over when Inject returns, and for one of the network that ends with the
// answers to its requests. A client's ends by itself then.
func (s Spec) Lasts() time.Duration {
	if _, ok := s.kind.key(keyFor); !ok {
		return 0
	}
	return s.span(keyFor)
}

// When is how long after the first cell of the load the fault comes, and how often
// from then on, 0 for once; at is 0 for one that comes at random times. One that is
// given every alone comes first when that has passed.
func (s Spec) When() (at, every time.Duration) {
	if s.kind.act {
		return 0, 0
	}
	at, every = s.span(keyAt), s.span(keyEvery)
	return cmp.Or(at, every), every
}

// AtOnce is how many requests one occurrence has in flight at once.
func (s Spec) AtOnce() int {
	if s.kind.name != burst.name {
		return 1
	}
	return int(s.number(keyCount))
}

// number is the value of a key that the kind has.
func (s Spec) number(name string) int64 {
	if n, ok := s.numbers[name]; ok {
		return n
	}
	k, ok := s.kind.key(name)
	if !ok {
		panic("fault " + s.kind.name + " has no key " + name) // a mistake in the kind itself, which every test of it meets
	}
	return k.usual
}

func (s Spec) span(name string) time.Duration { return time.Duration(s.number(name)) }
