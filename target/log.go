package target

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// openLog opens the log for output behind its end, "" meaning os.DevNull, and
// returns its size in bytes. What is no regular file is refused and not opened: a
// FIFO without a reader would hang for ever.
func openLog(path string) (log *os.File, size int64, err error) {
	if path == "" {
		path = os.DevNull
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// It is made below; what else may be wrong with the path is said there.
	case err != nil:
		return nil, 0, fmt.Errorf("the target's log: %w", err)
	case !info.Mode().IsRegular() && !isDevNull(info):
		return nil, 0, fmt.Errorf("the target's log: %s is not a regular file (%s): name one, or a path where there is none yet", path, info.Mode())
	default:
		size = info.Size()
	}
	log, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("the target's log: %w", err)
	}
	return log, size, nil
}

func isDevNull(info os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

// LogTail returns the last n lines of the target's output, without line ends, and
// no line that the log held before. It reads the last 64 KiB at most.
func (p *Process) LogTail(n int) ([]string, error) {
	if p.log == "" {
		return nil, nil
	}
	f, err := os.Open(p.log)
	if err != nil {
		return nil, fmt.Errorf("reading the target's log: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("reading the target's log: %w", err)
	}
	const most = 64 << 10
	text, err := io.ReadAll(io.NewSectionReader(f, max(p.logStart, size-most), most))
	if err != nil {
		return nil, fmt.Errorf("reading the target's log: %w", err)
	}
	return tail(string(text), n), nil
}

func tail(text string, n int) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" || n <= 0 {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}
