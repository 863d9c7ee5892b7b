package target

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemovable(t *testing.T) {
	t.Chdir("/") // relative paths are taken from there
	temp := os.TempDir()
	for path, want := range map[string]bool{
		temp + "/hermes-soak-1":            true,
		temp + "/x/hermes-soak-1":          true,
		temp + "/hermes-soak-1/":           true,
		temp + "//./hermes-soak-1":         true,
		"/" + temp + "/hermes-soak-1":      true,
		"":                                 false,
		"/":                                false,
		".":                                false,
		temp:                               false,
		temp + "/home":                     false,
		temp + "/hermes-soak-1/../home":    false,
		temp + "/../etc/hermes-soak-1":     false,
		"hermes-soak-1":                    false,
		"/etc/hermes-soak-1":               false,
		temp + "x/hermes-soak-1":           false,
		temp + "/hermes-soak-1/state.db":   false,
		temp + "/hermes-soak-/hermes-soak": false,
	} {
		full, err := removable(path)
		if (err == nil) != want || want && full != filepath.Clean(path) {
			t.Errorf("%q: %q, %v, want %v", path, full, err, want)
		}
	}
}

// TestOddTMPDIR: whatever os.MkdirTemp makes is removed in the end.
func TestOddTMPDIR(t *testing.T) {
	t.Chdir(t.TempDir())
	folder, err := os.Getwd()
	ok(t, err)
	ok(t, os.Mkdir("rel", 0o700))
	for _, temp := range []string{"./rel", "rel/", ".", folder + "//rel", folder + "/rel/../rel/"} {
		t.Setenv("TMPDIR", temp)
		home, err := os.MkdirTemp("", TempPrefix+"*")
		ok(t, err)
		p := launch(t, Command{Args: []string{"sleep", "100"}, Dir: "/", Remove: []string{home}})
		ok(t, p.Stop(t.Context()))
		wantNoFile(t, home)
	}
	// Not the folder itself, nor where we happen to be for a path that was forgotten.
	ours := filepath.Join(folder, TempPrefix+"ours")
	ok(t, os.Mkdir(ours, 0o700))
	t.Chdir(ours)
	for temp, path := range map[string]string{ours: ours, folder: ""} {
		t.Setenv("TMPDIR", temp)
		if full, err := removable(path); err == nil {
			t.Errorf("TMPDIR %s: %q would remove %s", temp, path, full)
		}
	}
}
