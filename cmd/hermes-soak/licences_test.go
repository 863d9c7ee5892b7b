package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/licences.md anew")

// legal are the files whose text goes with the program.
var legal = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice|patents|authors)([.-].*)?$`)

// licences are words that stand in one licence only, and its name in SPDX.
var licences = []struct {
	id    string
	words *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`Apache License\s+Version 2\.0, January 2004`)},
	{"BSD-3-Clause", regexp.MustCompile(`(?i)Redistributions in binary form(?s:.*)Neither\s+the\s+names?\s+of`)},
	{"BSD-2-Clause", regexp.MustCompile(`(?i)Redistributions in binary form`)},
	{"MIT", regexp.MustCompile(`Permission is hereby granted, free of charge`)},
	{"ISC", regexp.MustCompile(`Permission to use, copy, modify, and(/or)? distribute this software`)},
	{"MPL-2.0", regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`)},
	{"Unlicense", regexp.MustCompile(`free and unencumbered software released into the public domain`)},
	{"blessing", regexp.MustCompile(`The author disclaims copyright to this source code`)},
}

// licenceOf is the first of them that a text is; "" for other texts.
func licenceOf(text []byte) string {
	for _, s := range licences {
		if s.words.Match(text) {
			return s.id
		}
	}
	return ""
}

// inside are the licences of a thing that is linked in or embedded.
type inside struct {
	name, version string
	ids           []string
}

// TestLicences: docs/licences.md has all that the released programs are made of, with
// version, licence and text. It is what -update writes.
func TestLicences(t *testing.T) {
	const page = "../../docs/licences.md"
	want := licencePage(t)
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is not of the modules of today (%v); look at what changes with: go test ./cmd/hermes-soak -run Licences -update", page, err)
	}
}

// linked lists the folders of all packages in the programs that are released, by module and version.
func linked(t *testing.T) map[[2]string][]string {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	const uplot = "../../reports/html/uplot" // its README begins with its name and version
	readme, err := os.ReadFile(uplot + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	modules := map[[2]string][]string{{"Go and its standard library", ""}: {strings.TrimSpace(string(goroot))}, {"uPlot, in the HTML report", strings.Fields(string(readme))[1]}: {uplot}}
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}}|{{.Version}}|{{.Dir}}|{{$.Dir}}{{end}}{{end}}`, ".")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			parts := strings.Split(strings.TrimSpace(line), "|")
			if len(parts) != 4 {
				continue // of the standard library, or ours
			}
			module := [2]string{parts[0], parts[1]}
			for dir := parts[3]; ; dir = filepath.Dir(dir) { // a package may have a licence of its own
				if !slices.Contains(modules[module], dir) {
					modules[module] = append(modules[module], dir)
				}
				if dir == parts[2] {
					break
				}
			}
		}
	}
	return modules
}

func licencePage(t *testing.T) []byte {
	t.Helper()
	var all []inside
	texts := map[string][]string{} // what it is of, by text
	modules := linked(t)
	for _, module := range slices.SortedFunc(maps.Keys(modules), func(a, b [2]string) int { return strings.Compare(a[0], b[0]) }) {
		one := inside{name: module[0], version: module[1]}
		slices.Sort(modules[module])
		for _, dir := range modules[module] {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.IsDir() || !legal.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
					continue
				}
				text, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				if id := licenceOf(text); id != "" && !slices.Contains(one.ids, id) {
					one.ids = append(one.ids, id)
				}
				plain := tidied(text)
				texts[plain] = append(texts[plain], strings.TrimSpace(one.name+" "+one.version)+", "+e.Name())
			}
		}
		if len(one.ids) == 0 {
			t.Errorf("%s %s: no licence is known", one.name, one.version)
		}
		all = append(all, one)
	}
	return inWords(all, texts)
}

// tidied is a text without what only its lines' ends differ in.
func tidied(text []byte) string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimRight(line, " \t\r\n"))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func inWords(all []inside, texts map[string][]string) []byte {
	var page bytes.Buffer
	page.WriteString("# Licences of what is inside\n\nhermes-soak itself is under the MIT licence, see [LICENSE](../LICENSE), which the .deb and the .rpm call `copyright`. The released programs are made of these too.\n" +
		"Written by `go test ./cmd/hermes-soak -run Licences -update`; the test fails where it is out of date.\n\n| what | version | licence |\n|---|---|---|\n")
	for _, one := range all {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", one.name, one.version, strings.Join(one.ids, ", "))
	}
	page.WriteString("\n## Texts\n")
	for _, text := range slices.SortedFunc(maps.Keys(texts), func(a, b string) int {
		return cmp.Or(strings.Compare(texts[a][0], texts[b][0]), strings.Compare(a, b))
	}) {
		fmt.Fprintf(&page, "\n### %s\n\n~~~text\n%s\n~~~\n", strings.Join(texts[text], "; "), text)
	}
	return page.Bytes()
}
