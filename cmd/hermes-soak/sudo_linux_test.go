package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

const another = 65533 // a user who is neither we nor nobody

// asUserOf makes a process one of the user's.
func asUserOf(uid uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}

// serveAs is a bundled WebUI of the user's.
func serveAs(t *testing.T, bin string, uid uint32) (url, pid string) {
	t.Helper()
	home := filepath.Join(filepath.Dir(bin), fmt.Sprintf("home-%d", uid))
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command(bin, "serve", "--addr", "127.0.0.1:"+port, "--home", home, "--sessions", fewSessions)
	cmd.SysProcAttr = asUserOf(uid)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	host{Cmd: cmd, port: port}.listens(t, "127.0.0.1")
	return "http://127.0.0.1:" + port, strconv.Itoa(cmd.Process.Pid)
}

// told is a printed command that begins with sudo: whom it would make us, and what
// it would run.
var told = regexp.MustCompile(`sudo (?:-u '#(\d+)' )?(.*?)(?:; or give its --pid.*)?\n`)

// obeyed runs what was printed as sudo would, in a shell, and with a state folder.
func obeyed(t *testing.T, state, out string) (status int, text string) {
	t.Helper()
	m := told.FindStringSubmatch(out)
	if m == nil || m[2] == "" {
		t.Fatalf("no command is told in\n%s", out)
	}
	uid, err := strconv.ParseUint("0"+m[1], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return runCommandLine(t, asUserOf(uint32(uid)), []string{"env", "XDG_STATE_HOME=" + state, "sh", "-c", m[2]})
}

// TestSudo: the command that is told to somebody who may not look does what he
// wanted.
func TestSudo(t *testing.T) {
	t.Parallel()
	must(t, os.Geteuid() == 0, "needs root to be denied something")
	_, bin := publicProgram(t)
	for _, uid := range []uint32{0, another} {
		url, pid := serveAs(t, bin, uid)
		for _, command := range [][]string{
			{"run", "--batches", "1", "--requests", "10", "--drain", "0s", "--skip", "growth", "--no-extend", "--url", url},
			{"watch", "--every", "50ms", "--for", "500ms", "--skip", "growth", "--url", url},
			{"probe", "--url", url},
			{"probe", "--url", strings.Replace(url, "http", "tcp", 1)},
		} {
			args := append([]string{bin}, command...)
			status, out := runCommandLine(t, asUserOf(nobody), args)
			if status != soak.ExitBroken {
				t.Errorf("uid %d, %q: exit status %d, want 4\n%s", uid, command, status, out)
			}
			if status, text := obeyed(t, filepath.Dir(bin), out); status != soak.ExitPass {
				t.Errorf("uid %d, %q: as was told: exit status %d in\n%s%s", uid, command, status, out, text)
			}
			if command[0] == "watch" {
				continue // it judges what it can count
			}
			args = append(args, "--pid", pid)
			if status, out = runCommandLine(t, asUserOf(nobody), args); status != soak.ExitUnknown {
				t.Errorf("uid %d, %q: by pid: exit status %d, want 3\n%s", uid, command, status, out)
			}
			if status, text := obeyed(t, filepath.Dir(bin), out); status != soak.ExitPass {
				t.Errorf("uid %d, %q: by pid, as was told: exit status %d in\n%s%s", uid, command, status, out, text)
			}
		}
	}
}

// TestSudoHidesSecrets: what is told shows what was typed, without what may be a
// secret.
func TestSudoHidesSecrets(t *testing.T) {
	t.Parallel()
	must(t, os.Geteuid() == 0, "needs root to be denied something")
	_, bin := publicProgram(t)
	url, _ := serveAs(t, bin, another)
	_, out := runCommandLine(t, asUserOf(nobody), []string{bin, "run", "--no-extend", "--header=X: hunter2", "--header", "Y: hunter2", "--login", "POST /x?k=hunter2",
		"--endpoint", "/a?k=hunter2", "--skip=growth", "--watch", "a b*", "--url", url + "/hunter2"})
	hidden(t, out)
	if want := `run --no-extend --header='…' --header '…' --login '…' --endpoint '…' --skip=growth --watch 'a b*' --url ` + url + ";"; !strings.Contains(strings.ReplaceAll(out, "'--header=…'", "--header='…'"), want) {
		t.Errorf("want %s in\n%s", want, out)
	}
}
