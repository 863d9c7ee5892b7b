//go:build !race

package webui

// mirrored is how many times memory is resident.
const mirrored = 1
