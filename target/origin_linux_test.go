package target

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestOriginSame(t *testing.T) {
	server := Origin{1000, []string{"python3", "server.py"}, "/system.slice/hermes.service"}
	for name, c := range map[string]struct {
		other Origin
		same  bool
	}{
		"started again":            {server, true},
		"by hand":                  {Origin{1000, []string{"python3", "server.py"}, "/user.slice/session-3.scope"}, true},
		"another of the service":   {Origin{0, []string{"sh", "start"}, "/system.slice/hermes.service"}, true},
		"another command":          {Origin{1000, []string{"python3", "other.py"}, "/"}, false},
		"another user":             {Origin{1001, []string{"python3", "server.py"}, "/"}, false},
		"another service":          {Origin{1000, []string{"nginx"}, "/system.slice/nginx.service"}, false},
		"more of the command line": {Origin{1000, []string{"python3", "server.py", "2"}, ""}, false},
	} {
		if got := server.Same(c.other); got != c.same {
			t.Errorf("%s: %t", name, got)
		}
	}
	for _, group := range []string{"", "/", "/user.slice/user-1000.slice/session-3.scope"} {
		if (Origin{1000, []string{"a"}, group}).Same(Origin{1000, []string{"b"}, group}) {
			t.Errorf("two programs in %q are the same", group)
		}
	}
}

func TestOriginOf(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var o Origin
	eventually(t, "it has its command line", func() bool { // which the kernel sets late in its start
		var err error
		o, err = OriginOf(procRoot, cmd.Process.Pid)
		return err == nil && slices.Equal(o.Command, []string{"sleep", "600"})
	})
	if int(o.UID) != os.Getuid() {
		t.Errorf("%+v", o)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if o, err := OriginOf(procRoot, cmd.Process.Pid); err == nil {
		t.Errorf("it has ended, and is %+v", o)
	}
	for text, want := range map[string]string{
		"0::/system.slice/a.service\n": "/system.slice/a.service", "2:cpu:/x\n1:name=systemd:/system.slice/a.service\n0::/\n": "/system.slice/a.service",
		"": "", "4:cpu:/x\n": "",
	} {
		if got := parseGroup(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if _, err := parseUID("Name:\tx\n"); err == nil {
		t.Error("a uid where there is none")
	}
}
