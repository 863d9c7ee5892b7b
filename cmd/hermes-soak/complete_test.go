package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestComplete: the last of the words is completed; what stands behind a tab is left out.
func TestComplete(t *testing.T) {
	for _, tt := range []struct{ words, want string }{
		{"ver", "version"},
		{"--ver", "--version"},
		{"config ", "show validate schema"},
		{"completion ", "bash zsh fish powershell"},
		{"completion bash ", ""},
		{"run --no-e", "--no-extend"},
		{"run -batc", ""},
		{"run --profile ", "smoke nightly release"},
		{"run --profile n", "nightly"},
		{"run --profile=n", "--profile=nightly"},
		{"run --profile smoke --color a", "auto always"},
		{"run --no-extend --color n", "never"}, // a flag without a value takes none
		{"run --color=auto --trace o", "off"},
		{"run --skip rel", "released"},
		{"run --report js", "jsonl= json="},
		{"audit --report ", "json= sarif="},
		{"probe --report ", "json="},
		{"run --report html=", filesWanted},
		{"run --report=html=so", filesWanted},
		{"run --config ", filesWanted},
		{"run --requests ", ""},
		{"run --fault db-l", "db-lock db-lock:"},
		{"run --fault db-lock:f", "db-lock:for="},
		{"run --fault=latency:by=50ms,j", "--fault=latency:by=50ms,jitter="},
		{"run --fault latency:by=50ms,b", ""}, // no key twice
		{"run --leak state.db-deferred:g", "state.db-deferred:gc="},
		{"serve --shape par", "parked"},
		{"serve --exhausted 5", "500"},
		{"judge ", filesWanted},
		{"judge a.jsonl ", ""},
		{"run -- ", filesWanted},
		{"run -- prog --re", filesWanted},
		{"prove ", ""},
		{"nonsense ", ""},
	} {
		var out bytes.Buffer
		if status := run(t.Context(), append([]string{"hermes-soak", completeArg}, strings.Split(tt.words, " ")...), &out, io.Discard); status != 0 {
			t.Errorf("%s: exit status %d", tt.words, status)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, word)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: offered %q, want %q", tt.words, strings.Join(got, " "), tt.want)
		}
	}
}

// TestCompleteAll: every command and every flag of it is offered.
func TestCompleteAll(t *testing.T) {
	app := newApp(io.Discard, io.Discard, nil, false)
	words := func(before ...string) (all []string) {
		for _, o := range offers(app, before, "--") {
			all = append(all, strings.TrimPrefix(o.word, "--"))
		}
		return all
	}
	check := func(cmd *cli.Command, before ...string) {
		offered := words(before...)
		for _, f := range cmd.Flags {
			if !slices.Contains(offered, f.Names()[0]) {
				t.Errorf("%v: --%s is not offered", before, f.Names()[0])
			}
		}
	}
	for _, cmd := range app.Commands {
		check(cmd, cmd.Name)
		for _, sub := range cmd.Subcommands {
			check(sub, cmd.Name, sub.Name)
		}
	}
}
