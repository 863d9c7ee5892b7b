package webui

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// startFile starts the leak of an opened file that nobody closes.
func startFile(_ context.Context, set settings, st store) (holding, error) {
	return &opening{
		trigger: trigger{settings: set},
		open:    func() (io.Closer, error) { return st.openFile("attachment.txt") },
	}, nil
}

// openFile opens a plain file beside state.db, and makes it where it is missing. It stays when it was closed: it is the
// server's data like any other.
func (st store) openFile(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(st.path), name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a file beside state.db: %w", err)
	}
	return f, nil
}
