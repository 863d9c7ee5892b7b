package webui

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

// linked are the files that a document or a module loads: everything in the page must be reached from its shell.
var linked = regexp.MustCompile(`(?:href|src)="(/[^"]+)"|from "\./([^"]+)"`)

func TestPageIsServed(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	seen := make(map[string]bool)
	var visit func(urlPath string)
	visit = func(urlPath string) {
		if seen[urlPath] {
			return
		}
		seen[urlPath] = true
		resp, body := s.send(s.request(http.MethodGet, urlPath, nil))
		wantType := pageTypes[path.Ext(urlPath)]
		if urlPath == "/" {
			wantType = pageTypes[".html"]
		}
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != wantType || len(body) == 0 {
			t.Errorf("GET %s: %s, %s, %d bytes; want 200, %s", urlPath, resp.Status, got, len(body), wantType)
		}
		if got := resp.Header.Get("Content-Security-Policy"); got != pagePolicy {
			t.Errorf("GET %s: Content-Security-Policy %q", urlPath, got)
		}
		for _, m := range linked.FindAllSubmatch(body, -1) {
			if name := string(m[2]); name != "" {
				visit(path.Join(path.Dir(urlPath), name))
			} else {
				visit(string(m[1]))
			}
		}
	}
	visit("/")
	for _, name := range pageNames(t) {
		if urlPath := "/" + name; name != "page/index.html" && !seen[urlPath] {
			t.Errorf("%s is served and nothing loads it", urlPath)
		}
	}
	for _, urlPath := range []string{"/page", "/page/", "/page/index.html", "/page/../page.go", "/page/none.js", "/page.go", "/index.html", "//page/app.js"} {
		if resp, body := s.send(s.request(http.MethodGet, urlPath, nil)); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s %.60s, want 404", urlPath, resp.Status, body)
		}
	}
}

func TestPageAsksForNothingElsewhere(t *testing.T) {
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(pagePolicy+";", directive+";") {
			t.Errorf("the policy lacks %s: %s", directive, pagePolicy)
		}
	}
	if strings.Contains(pagePolicy, "unsafe") {
		t.Errorf("the policy allows what is unsafe: %s", pagePolicy)
	}
	// Markup made of text, and what the policy would refuse at run time.
	refused := regexp.MustCompile(`(?i)[a-z]+://|["'(]//|@import|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|<style|\sstyle="|\son[a-z]+="|<script>`)
	for _, name := range pageNames(t) {
		body, err := pageFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := refused.Find(body); found != nil {
			t.Errorf("%s has %q", name, found)
		}
	}
	shell, err := pageFiles.ReadFile("page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>Hermes</title>", `<html lang="en">`, `<link rel="icon" href="data:`} {
		if bytes.Count(shell, []byte(want)) != 1 {
			t.Errorf("the shell does not have %s once", want)
		}
	}
}

func pageNames(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(pageFiles, "page", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 3 {
		t.Fatalf("the page has the files %q (%v)", names, err)
	}
	return names
}
