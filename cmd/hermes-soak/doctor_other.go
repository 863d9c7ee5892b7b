//go:build !linux

package main

import (
	"context"
	"runtime"
)

func platformRows() []row { return []row{{"platform", neverRun}} }

// neverRun says what nobody has tried.
func neverRun(context.Context, machine) finding {
	return note(runtime.GOOS+"/"+runtime.GOARCH+", where hermes-soak was compiled and never run by those who made it", "compare a first count with the tools that you trust")
}
