package webui

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Leak is one way to hold handles that are never given back, made by ParseLeak. Leaks with the same kind and settings are equal.
type Leak struct {
	kind string
	// The settings below are set where the kind has the key; else they are zero.
	every  int
	on     string
	after  int
	gc     int
	period time.Duration
}

// leaking is a leak at work. Its methods may be called at the same time.
type leaking interface {
	// request is told of each request that has read the database through db. It reports whether it keeps db; then
	// nobody else closes it.
	request(path string, db *sql.DB) (kept bool)
	// release ends the leak and closes everything that it holds. Nothing is kept afterwards.
	release() error
}

// A kind is one row of the table of leaks.
type kind struct {
	name  string
	keys  []string
	about string
	start func(context.Context, Leak, store) leaking
}

// kinds is the table of leaks: a new kind is a file and a row.
func kinds() []kind {
	return []kind{
		{"state.db", []string{"every", "on", "after"},
			"every Nth matching request, after the first ones, leaves its state.db connection open for good", startStateDB},
		{"state.db-deferred", []string{"every", "on", "after", "gc"},
			"as state.db, but every gc=N matching requests what earlier ones left open is closed: a sawtooth", startDeferred},
		{"background", []string{"period"},
			"a state.db connection is opened each period, whatever is requested, and never closed", startBackground},
	}
}

// LeakKind describes a kind of leak to a user.
type LeakKind struct {
	Name  string
	Keys  string // the keys with their defaults, as one would type them
	About string // one sentence
}

// LeakHelp lists the kinds of leak that ParseLeak knows.
func LeakHelp() []LeakKind {
	var rows []LeakKind
	for _, k := range kinds() {
		var settings []string
		for _, name := range k.keys {
			key, _ := keyNamed(name)
			settings = append(settings, name+"="+key.fallback)
		}
		rows = append(rows, LeakKind{k.name, strings.Join(settings, ","), k.about})
	}
	return rows
}

// ParseLeak reads KIND[:key=value,...], as in "state.db:every=10,on=/api/projects,after=100". Keys that are not given
// take their defaults. Errors name what is valid.
func ParseLeak(s string) (Leak, error) {
	name, settings, more := strings.Cut(s, ":")
	k, err := kindNamed(name)
	if err != nil {
		return Leak{}, err
	}
	l := Leak{kind: name}
	for _, name := range k.keys {
		key, _ := keyNamed(name)
		if err := k.set(&l, name, key.fallback); err != nil {
			return Leak{}, fmt.Errorf("leak %s: %w", k.name, err)
		}
	}
	if !more {
		return l, nil
	}
	seen := make(map[string]bool)
	for _, setting := range strings.Split(settings, ",") {
		name, value, ok := strings.Cut(setting, "=")
		switch {
		case !ok:
			return Leak{}, fmt.Errorf("leak %s: %q is not key=value; its keys: %s", k.name, setting, strings.Join(k.keys, ", "))
		case seen[name]:
			return Leak{}, fmt.Errorf("leak %s: %s is given twice", k.name, name)
		}
		seen[name] = true
		if err := k.set(&l, name, value); err != nil {
			return Leak{}, fmt.Errorf("leak %s: %w", k.name, err)
		}
	}
	return l, nil
}

// set gives one key of a leak of this kind its value.
func (k kind) set(l *Leak, name, value string) error {
	key, known := keyNamed(name)
	switch {
	case !known:
		return fmt.Errorf("unknown key %q%s; its keys: %s", name, suggest(name, k.keys), strings.Join(k.keys, ", "))
	case !slices.Contains(k.keys, name):
		return fmt.Errorf("the key %s does not apply; its keys: %s", name, strings.Join(k.keys, ", "))
	}
	if err := key.set(l, value); err != nil {
		return fmt.Errorf("%s=%s: %w", name, value, err)
	}
	return nil
}

// String gives the leak as ParseLeak reads it, without the keys that have their defaults.
func (l Leak) String() string {
	k, err := kindNamed(l.kind)
	if err != nil {
		return l.kind
	}
	var settings []string
	for _, name := range k.keys {
		key, _ := keyNamed(name)
		if value := key.get(l); value != key.fallback {
			settings = append(settings, name+"="+value)
		}
	}
	if settings == nil {
		return l.kind
	}
	return l.kind + ":" + strings.Join(settings, ",")
}

func kindNamed(name string) (kind, error) {
	var names []string
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
		names = append(names, k.name)
	}
	return kind{}, fmt.Errorf("unknown leak %q%s; known: %s", name, suggest(name, names), strings.Join(names, ", "))
}
