package soak

import (
	"strconv"
	"strings"
)

// Place is a line of the target's code.
type Place struct {
	// File is a path as the target knows it, with slashes; of a Go target its base name.
	File string `json:"file"`
	// Line counts from 1.
	Line     int    `json:"line"`
	Function string `json:"function,omitempty"`
}

// placeOf reads a place that is written as file:line; nil where it is not.
func placeOf(where, function string) *Place {
	i := strings.LastIndexByte(where, ':')
	if i <= 0 {
		return nil
	}
	line, err := strconv.Atoi(where[i+1:])
	if err != nil || line < 1 {
		return nil
	}
	return &Place{File: where[:i], Line: line, Function: function}
}

// placeOfStack is the frame of a stack of goroutines that is nearest to where they
// stand and not in the standard library; nil where none is sure to be so. A package
// outside it is main, or has a dot in the first part of its path.
func placeOfStack(stack string) *Place {
	for frame := range strings.SplitSeq(stack, " < ") {
		function, where, ok := strings.Cut(strings.TrimSuffix(frame, ")"), " (")
		first, _, nested := strings.Cut(function, "/")
		if ok && (strings.HasPrefix(function, "main.") || nested && strings.Contains(first, ".")) {
			return placeOf(where, function)
		}
	}
	return nil
}
