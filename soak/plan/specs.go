package plan

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// kindKey is the key of a mapping that says what it is.
const kindKey = "kind"

// specsOf reads one spec or a list of them, as what a flag would be given.
func specsOf(n ast.Node, k Key) ([]string, error) {
	all := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		if all = list.Values; len(all) == 0 {
			return nil, errorAt(start(n), "%s: the list is empty; leave the key out", k.Name)
		}
	}
	var specs []string
	for _, v := range all {
		s, err := specOf(v, k)
		if err != nil {
			return nil, err
		}
		specs = append(specs, s)
	}
	return specs, nil
}

func specOf(n ast.Node, k Key) (string, error) {
	values, ok := mapping(n)
	if !ok {
		s, err := oneText(n, k)
		if err != nil {
			return "", err
		}
		if err := k.Check(s); err != nil {
			return "", errorAt(start(n), "%v", err)
		}
		return s, nil
	}
	kind, err := kindOf(n, values, k)
	if err != nil {
		return "", err
	}
	var settings [][2]string
	var at []ast.Node // of the value of each
	for _, v := range values {
		name, value, err := settingOf(v, kind, k)
		if err != nil {
			return "", err
		}
		if name != kindKey {
			settings, at = append(settings, [2]string{name, value}), append(at, v.Value)
		}
	}
	spec, err := k.Build(kind.Name, settings)
	if err != nil {
		guilty := n
		for i := range settings {
			if _, err := k.Build(kind.Name, slices.Delete(slices.Clone(settings), i, i+1)); err == nil {
				guilty = at[i]
				break
			}
		}
		return "", errorAt(start(guilty), "%v", err)
	}
	return spec, nil
}

// kindOf is the kind that the mapping names.
func kindOf(n ast.Node, values []*ast.MappingValueNode, k Key) (Variant, error) {
	var names []string
	for _, v := range k.Variants {
		names = append(names, v.Name)
	}
	for _, v := range values {
		if name, err := nameOf(v); err != nil || name != kindKey {
			continue // a key that is no name is told of later
		}
		name, err := oneText(v.Value, Key{Name: kindKey, Choices: names})
		if err != nil {
			return Variant{}, err
		}
		return k.Variants[slices.Index(names, name)], nil
	}
	return Variant{}, errorAt(start(n), "%s: want a key %s that says which; known: %s", k.Name, kindKey, strings.Join(names, ", "))
}

// settingOf is the name and value of one setting; no value for its kind.
func settingOf(v *ast.MappingValueNode, kind Variant, k Key) (name, value string, err error) {
	name, err = nameOf(v)
	if err != nil || name == kindKey {
		return name, "", err
	}
	if !slices.Contains(kind.Keys, name) {
		e := errorAt(v.Key.GetToken(), "there is no key %q here; a %s of kind %s has %s", name, k.Name, kind.Name, strings.Join(kind.Keys, ", "))
		e.Hint = meant(name, kind.Keys)
		return "", "", e
	}
	value, err = oneText(v.Value, Key{Name: name})
	return name, value, err
}
