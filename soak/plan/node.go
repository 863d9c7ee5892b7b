package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// start is the first token of a node.
func start(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return v.Key.GetToken()
	}
	return n.GetToken()
}

// what names the shape of a node, for errors.
func what(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	}
	return "an anchor, alias or tag, which is not taken here"
}

// mapping are the keys and values of a node in their order.
func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// nameOf is the text of a key.
func nameOf(v *ast.MappingValueNode) (string, error) {
	switch k := v.Key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.BoolNode:
		return k.GetToken().Value, nil
	}
	return "", errorAt(v.Key.GetToken(), "want the name of a key here")
}

// text is a scalar as it is written.
func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func wholeOf(n ast.Node, k Key) (int64, error) {
	most, not := "", what(n)
	switch n := n.(type) {
	case *ast.IntegerNode:
		switch v := n.Value.(type) {
		case int64:
			return v, nil
		case uint64:
			if v <= math.MaxInt64 {
				return int64(v), nil
			}
		}
		most, not = fmt.Sprintf(" up to %d", int64(math.MaxInt64)), n.GetToken().Value
	case *ast.FloatNode:
		not = n.GetToken().Value
	}
	return 0, errorAt(start(n), "%s: want a whole number%s, not %s", k.Name, most, not)
}

func oneText(n ast.Node, k Key) (string, error) {
	s, ok := text(n)
	switch {
	case !ok:
		hint := ""
		if _, is := mapping(n); is {
			hint = "quote it if it is meant as text: '...'"
		}
		e := errorAt(start(n), "%s: want a text, not %s", k.Name, what(n))
		e.Hint = hint
		return "", e
	case len(k.Choices) > 0 && !slices.Contains(k.Choices, s):
		s, _, _ = strings.Cut(s, "?") // a whole spec, it may be, and its query a secret
		e := errorAt(start(n), "%s: there is no %q; want one of %s", k.Name, s, strings.Join(k.Choices, ", "))
		kind, _, _ := strings.Cut(s, ":")
		e.Hint = meant(kind, k.Choices)
		return "", e
	}
	return s, nil
}
