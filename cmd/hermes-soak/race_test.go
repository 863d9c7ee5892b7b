//go:build race

package main

// mirrored is how many times memory is resident: the race detector mirrors it.
const mirrored = 2
