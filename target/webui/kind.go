package webui

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Kind describes to a user a kind of leak, of shape, or of behaviour at the limit.
type Kind struct {
	Name  string
	Keys  string // the keys with their defaults, as one would type them; empty where it has none
	About string // one sentence
}

// A moment is a point in the life of a request at which something may be held.
type moment int

const (
	answered moment = iota // the handler has done its work, and answers next
	failed                 // the handler gives up
	aborted                // the client went away in the middle of the answer
	dropped                // the client of a stream went away
)

// An occasion is a request at a moment of its life.
type occasion struct {
	at   moment
	path string
	db   *sql.DB // the request's connection; nil where it has none, or somebody keeps it already
}

// holding is a leak or a shape at work. Its methods may be called at the same time.
type holding interface {
	// request reports whether it keeps the connection of the request; then nobody else closes it.
	request(occasion) (kept bool)
	// release ends it and closes everything that it holds. Nothing is kept afterwards.
	release() error
}

// A kind is one row of a table of leaks or shapes.
type kind struct {
	Kind
	start func(context.Context, settings, store) (holding, error)
}

// A table is all kinds of one sort; sort is what a user calls one of them.
type table struct {
	sort string
	rows []kind
}

func (t table) help() []Kind {
	var rows []Kind
	for _, k := range t.rows {
		rows = append(rows, k.Kind)
	}
	return rows
}

func (t table) named(name string) (kind, error) {
	var names []string
	for _, k := range t.rows {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return kind{}, fmt.Errorf("unknown %s %q%s; known: %s", t.sort, name, suggest(name, names), strings.Join(names, ", "))
}

// parse reads KIND[:key=value,...]. Keys that are not given take their defaults. Errors name what is valid.
func (t table) parse(text string) (name string, set settings, err error) {
	name, given, more := strings.Cut(text, ":")
	k, err := t.named(name)
	if err != nil {
		return "", settings{}, err
	}
	if k.Keys != "" {
		err = k.fill(&set, k.Keys)
	}
	if err == nil && more {
		err = k.fill(&set, given)
	}
	if err != nil {
		return "", settings{}, fmt.Errorf("%s %s: %w", t.sort, name, err)
	}
	return name, set, nil
}

// fill reads key=value,... into set, each key once.
func (k kind) fill(set *settings, text string) error {
	seen := make(map[string]bool)
	for _, setting := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(setting, "=")
		switch {
		case !ok:
			return fmt.Errorf("%q is not key=value; %s", setting, k.itsKeys())
		case seen[name]:
			return fmt.Errorf("%s is given twice", name)
		}
		seen[name] = true
		key, known := keyNamed(name)
		switch {
		case !known:
			return fmt.Errorf("unknown key %q%s; %s", name, suggest(name, k.keyNames()), k.itsKeys())
		case !slices.Contains(k.keyNames(), name):
			return fmt.Errorf("the key %s does not apply; %s", name, k.itsKeys())
		}
		if err := key.set(set, value); err != nil {
			return fmt.Errorf("%s=%s: %w", name, value, err)
		}
	}
	return nil
}

func (k kind) keyNames() []string {
	var names []string
	for _, setting := range strings.Split(k.Keys, ",") {
		if name, _, ok := strings.Cut(setting, "="); ok {
			names = append(names, name)
		}
	}
	return names
}

func (k kind) itsKeys() string {
	if k.Keys == "" {
		return "it has no keys"
	}
	return "its keys: " + strings.Join(k.keyNames(), ", ")
}

// text gives name and set as parse reads them, without the keys that have their defaults.
func (t table) text(name string, set settings) string {
	_, plain, err := t.parse(name)
	if err != nil {
		return name
	}
	k, err := t.named(name)
	if err != nil {
		return name
	}
	var given []string
	for _, name := range k.keyNames() {
		key, _ := keyNamed(name)
		if value := key.get(set); value != key.get(plain) {
			given = append(given, name+"="+value)
		}
	}
	if given == nil {
		return name
	}
	return name + ":" + strings.Join(given, ",")
}
