package main

import (
	"bytes"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// serveTLSArg makes the test binary a server that speaks https on the address in
// the next argument, and answers no POST.
const serveTLSArg = "serve-tls"

func serveTLS(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler) // ends the connection
		}
		_, _ = w.Write([]byte("hello"))
	}))
	_ = srv.Listener.Close()
	srv.Listener, srv.EnableHTTP2 = l, true
	srv.StartTLS()
	select {}
}

// authority is a file with the certificate of serveTLS.
func authority(t *testing.T) string {
	t.Helper()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEmptySecret: what is to let us in and is empty is refused, or the server would be soaked
// without its login. That of a page is refused while the file of settings is read.
func TestEmptySecret(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("EMPTY", " ")
	for name, text := range map[string]string{
		"none": "", "line": "\r\n",
		"headers.yaml": "header: {X-Key: 'file:none'}\n",
		"page.yaml":    "endpoint: [{path: /x, header: {X-Key: 'Bearer env:EMPTY'}}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const file, variable = "put the secret into none", "put the secret into EMPTY, and export it"
	for _, c := range []struct {
		flags []string
		hint  string
	}{
		{[]string{"--header", "X-Key: file:none"}, file},
		{[]string{"--header", "Authorization: Bearer env:EMPTY"}, variable},
		{[]string{"--header", "X-Key: file:line"}, "put the secret into line"},
		{[]string{"--basic", "admin:file:none"}, file},
		{[]string{"--login", "POST /login", "--login-body", "env:EMPTY"}, variable},
		{[]string{"--config", "headers.yaml"}, file},
		{[]string{"--config", "page.yaml"}, ""},
	} {
		for _, command := range [][]string{{"run"}, {"watch"}, {"probe"}, {"unit", "systemd"}} {
			if command[0] == "unit" && strings.Contains(strings.Join(c.flags, " "), "env:") {
				continue // it refuses a variable, empty or not
			}
			args := append(append(command, "--url", "http://127.0.0.1:1"), c.flags...)
			var out, said bytes.Buffer
			status := run(t.Context(), append([]string{"hermes-soak"}, args...), &out, &said)
			if status != 2 || !strings.Contains(said.String(), "empty") || !strings.Contains(said.String(), c.hint) {
				t.Errorf("%q: exit status %d, want 2 and %q in\n%s", args, status, c.hint, &said)
			}
		}
	}
}
