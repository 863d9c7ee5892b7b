//go:build !race

package main

// mirrored is how many times memory is resident.
const mirrored = 1
