// Package plan reads a scenario that is written in YAML. It is pure: bytes come
// in, settings and probes go out, and secrets are read by who calls. One table
// of keys drives both the parser and the schema for editors.
//
// A setting has the name of the flag that it stands for, and what its value
// means is that flag's business. Only the endpoints are more than flags can say.
package plan

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"hermes-soak/soak"
)

// Bounds of a file. The time that the YAML library takes grows with the square
// of the depth.
const (
	MostBytes = 256 << 10
	mostDepth = 32
)

// Kind is the shape of a key's value.
type Kind int

// The shapes of values.
const (
	Text     Kind = iota // also a number, taken as it is written
	Whole                // a whole number
	Number               // a number
	Duration             // such as 10s
	Bool                 // true or false
	Texts                // one text, or a list of them
	Specs                // KIND[:key=value,...] or {kind: KIND, key: value}, or a list of them
	Headers              // a mapping of names to texts
	Object               // a mapping that has Key.Keys
	Requests             // a list of texts "PATH" or "METHOD PATH", and mappings that have Key.Keys
)

// Key is what a file may say under one name.
type Key struct {
	Name, About string
	Kind        Kind
	Choices     []string  // of a text, or of each text of a list; none: any
	Keys        []Key     // of an Object and of Requests
	Variants    []Variant // of Specs
	// Check is of each text of Specs, and Build makes that text of a mapping's kind and
	// of the names and values of its settings. Their errors show no secret.
	Check func(spec string) error
	Build func(kind string, settings [][2]string) (string, error)
}

// Variant is a kind that Specs may be of, and the keys that it has.
type Variant struct {
	Name string
	Keys []string
}

// Place is where something stands in a file, from 1.
type Place struct{ Line, Column int }

// Setting is the value of a flag. A list has one text each, everything else one.
type Setting struct {
	Name   string
	Values []string
	Place  Place
}

// Plan is what a file says.
type Plan struct {
	Settings []Setting // in the order of the file
	Probes   []soak.Probe
}

// Error is what is wrong with a file, and where. It never shows what may be a
// secret.
type Error struct {
	Place
	Text, Hint string
	Unknown    string // the key that there is not
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text) }

// Keys are all that a file may say: settings, and endpoints.
func Keys(settings []Key) []Key { return append(settings[:len(settings):len(settings)], endpointKey) }

// Parse reads a file. secret gives what the text of a body, or the last word of a
// header, refers to, and the text itself where it refers to nothing. An error is
// an *Error.
func Parse(data []byte, settings []Key, secret func(text string) (string, error)) (Plan, error) {
	root, err := document(data)
	if err != nil {
		return Plan{}, err
	}
	o, err := read(root, Keys(settings))
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	for _, f := range o.fields {
		if f.key.Name != endpointKey.Name {
			p.Settings = append(p.Settings, Setting{f.key.Name, f.texts(), f.place})
			continue
		}
		for _, endpoint := range f.value.([]object) {
			probe, err := endpoint.probe(secret)
			if err != nil {
				return Plan{}, err
			}
			p.Probes = append(p.Probes, probe)
		}
	}
	return p, nil
}

// document is the body of the one document in data.
func document(data []byte) (ast.Node, error) {
	start := Place{1, 1}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	switch {
	case len(data) > MostBytes:
		return nil, &Error{Place: start, Text: fmt.Sprintf("the file is longer than %d bytes", MostBytes)}
	case !utf8.Valid(data):
		return nil, &Error{Place: start, Text: "the file is not UTF-8"}
	}
	// The library counts lines by line feeds.
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	tokens := lexer.Tokenize(string(data))
	if err := shallow(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	var wrong yaml.Error // its Error would show the lines around
	switch {
	case errors.As(err, &wrong):
		return nil, errorAt(wrong.GetToken(), "%s", wrong.GetMessage())
	case err != nil:
		return nil, &Error{Place: start, Text: err.Error()}
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return nil, &Error{Place: start, Text: "the file is empty", Hint: "hermes-soak init FILE writes one to begin with"}
	case file.Docs[0].Body.Type() == ast.DirectiveType:
		return nil, &Error{Place: start, Text: "a directive stands here; want none"}
	case len(file.Docs) > 1 && file.Docs[1].Start != nil:
		return nil, errorAt(file.Docs[1].Start, "a second document begins here; want one in the file")
	case len(file.Docs) > 1:
		return nil, &Error{Place: start, Text: "there is more than one document in the file; want one"}
	}
	return file.Docs[0].Body, nil
}

// shallow refuses what is nested too deep for the library.
func shallow(tokens token.Tokens) error {
	depth, line, entries := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++ // "- - - x" nests on one line
		}
		// Every level of a block stands further to the right.
		if depth > mostDepth || entries > mostDepth || t.Position.IndentNum > 8*mostDepth {
			return errorAt(t, "this is nested too deep; want %d levels or fewer", mostDepth)
		}
	}
	return nil
}

func errorAt(t *token.Token, format string, args ...any) *Error {
	return &Error{Place: placeOf(t), Text: fmt.Sprintf(format, args...)}
}

func placeOf(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{1, 1}
	}
	return Place{t.Position.Line, t.Position.Column}
}
