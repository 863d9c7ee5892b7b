//go:build !linux

package target

// OriginOf is for Linux only.
func OriginOf(string, int) (Origin, error) {
	return Origin{}, unsupported("reading who started a process")
}
