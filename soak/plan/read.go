package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"hermes-soak/soak"
	"hermes-soak/soak/nearest"
)

// object is a mapping that was read by a table of keys.
type object struct {
	place  Place
	fields []field // in the order of the file
}

// field is one key of an object with its value: a string, int64, float64, bool,
// []string, []pair, object or []object, as its Kind says.
type field struct {
	key   Key
	place Place // of the value
	value any
}

// pair is a name with a text.
type pair struct{ name, text string }

// get is the value under a name; the zero value of T where there is none.
func get[T any](o object, name string) (v T) {
	for _, f := range o.fields {
		if f.key.Name == name {
			v = f.value.(T)
		}
	}
	return v
}

// texts are what a flag would be given.
func (f field) texts() []string {
	switch v := f.value.(type) {
	case []string:
		return v
	case []pair:
		var all []string
		for _, p := range v {
			all = append(all, p.name+": "+p.text)
		}
		return all
	}
	return []string{fmt.Sprint(f.value)}
}

// read reads a mapping by a table of keys.
func read(n ast.Node, keys []Key) (object, error) {
	o := object{place: placeOf(start(n))}
	values, ok := mapping(n)
	if !ok {
		return o, errorAt(start(n), "want a mapping with keys such as %s:, not %s", keys[0].Name, what(n))
	}
	for _, v := range values {
		name, err := nameOf(v)
		if err != nil {
			return o, err
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
		if i < 0 {
			return o, unknown(v.Key.GetToken(), name, keys)
		}
		value, err := valueOf(v.Value, keys[i])
		if err != nil {
			return o, err
		}
		o.fields = append(o.fields, field{keys[i], placeOf(start(v.Value)), value})
	}
	return o, nil
}

func unknown(t *token.Token, name string, keys []Key) *Error {
	e := errorAt(t, "there is no key %q here", name)
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	e.Unknown, e.Hint = name, meant(name, names)
	if e.Hint == "" {
		e.Hint = "the keys here are " + strings.Join(names, ", ")
	}
	return e
}

// meant asks whether a word was meant that is near; "" where none is.
func meant(word string, words []string) string {
	near := nearest.Word(word, words)
	if near == "" {
		return ""
	}
	return "did you mean " + near + "?"
}

// valueOf reads a value in the shape that its key wants.
func valueOf(n ast.Node, k Key) (any, error) {
	wrong := func(want string) error { return errorAt(start(n), "%s: want %s, not %s", k.Name, want, what(n)) }
	switch k.Kind {
	case Whole:
		return wholeOf(n, k)
	case Number:
		switch v := n.(type) {
		case *ast.IntegerNode:
			return v.Value, nil
		case *ast.FloatNode:
			return v.Value, nil
		}
		return nil, wrong("a number")
	case Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			return b.Value, nil
		}
		return nil, wrong("true or false")
	case Duration:
		s, ok := text(n)
		if _, err := time.ParseDuration(s); !ok || err != nil || !durations.MatchString(s) {
			return nil, wrong("a duration such as 10s or 1h30m")
		}
		return s, nil
	case Texts:
		return textsOf(n, k)
	case Specs:
		return specsOf(n, k)
	case Headers:
		return headersOf(n, k)
	case Object:
		return read(n, k.Keys)
	case Requests:
		return requestsOf(n, k)
	}
	return oneText(n, k)
}

func textsOf(n ast.Node, k Key) ([]string, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		s, err := oneText(n, k)
		return []string{s}, err
	}
	if len(list.Values) == 0 {
		return nil, errorAt(start(n), "%s: the list is empty; leave the key out", k.Name)
	}
	var all []string
	for _, v := range list.Values {
		s, err := oneText(v, k)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func headersOf(n ast.Node, k Key) ([]pair, error) {
	values, ok := mapping(n)
	if !ok {
		return nil, errorAt(start(n), "%s: want a mapping such as {X-Api-Key: 'env:API_KEY'}, not %s", k.Name, what(n))
	}
	var all []pair
	for _, v := range values {
		name, err := nameOf(v)
		if err != nil {
			return nil, err
		}
		s, err := oneText(v.Value, Key{Name: name})
		if err != nil {
			return nil, err
		}
		if err := (soak.Header{Name: name, Value: soak.NewSecret(s)}).Validate(); err != nil {
			return nil, errorAt(v.Key.GetToken(), "%v", err)
		}
		all = append(all, pair{name, s})
	}
	return all, nil
}

func requestsOf(n ast.Node, k Key) ([]object, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		return nil, errorAt(start(n), "%s: want a list of paths and of mappings with path:, not %s", k.Name, what(n))
	}
	var all []object
	for _, v := range list.Values {
		if s, ok := v.(*ast.StringNode); ok {
			at := placeOf(s.GetToken())
			o := object{at, []field{{Key{Name: "path"}, at, s.Value}}}
			if method, path, two := strings.Cut(s.Value, " "); two {
				o.fields = []field{{Key{Name: "method"}, at, method}, {Key{Name: "path"}, at, path}}
			}
			all = append(all, o)
			continue
		}
		o, err := read(v, k.Keys)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}
