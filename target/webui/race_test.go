//go:build race

package webui

// mirrored is how many times memory is resident: the race detector mirrors it.
const mirrored = 2
