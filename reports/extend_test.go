package reports

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hermes-soak/soak"
)

// TestSchemaOfAnExtendedRun: the schema knows what only some runs have.
func TestSchemaOfAnExtendedRun(t *testing.T) {
	all := events()
	s := &all[0].Start.Scenario
	s.Looks, s.FailFast, s.Tolerance = 3, true, 0.001
	stop := all[len(all)-1]
	all[len(all)-1].Kind, all[len(all)-1].Stop = "extend", nil
	all[len(all)-1].Extend = &soak.Extend{Look: 2, Batches: 2, Requests: 100, Reason: "growth handles: undecided"}
	ended := stop
	ended.Seq++
	ended.Kind, ended.Stop, ended.Process = "process", nil, &soak.Change{PID: 22470, Ticks: 7, What: soak.Ended}
	stop.Seq += 2
	stop.Stop = &soak.Stop{Reason: soak.StopRestarted}
	all = append(all, ended, stop)
	all[0].Start.Target.Others, all[0].Start.Target.Supervisor = []string{"http://[::1]:8787"}, "unit hermes-webui.service"

	s.Pprof = "http://127.0.0.1:6060/debug/pprof"
	for i := range all {
		read := &soak.Goroutines{Stacks: map[string]int64{"main.serve (m.go:1)": 3}}
		switch {
		case all[i].Rest != nil:
			rest := *all[i].Rest
			rest.Goroutines, all[i].Rest = read, &rest
		case all[i].Batch != nil:
			batch := *all[i].Batch
			batch.Goroutines, all[i].Batch = read, &batch
		}
	}

	var lines, one bytes.Buffer
	j := NewJSONL(&lines)
	for _, e := range all {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	r, err := soak.Replay(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := JSON(&one, r); err != nil {
		t.Fatal(err)
	}
	for def, text := range map[string][]byte{"event": lines.Bytes(), "report": one.Bytes()} {
		schema, err := jsonschema.NewCompiler().Compile("schema.json#/$defs/" + def)
		if err != nil {
			t.Fatal(err)
		}
		documents := [][]byte{text}
		if def == "event" {
			documents = bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		}
		for _, document := range documents {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%v\n%s", err, document)
			}
		}
	}
	if !bytes.Contains(lines.Bytes(), []byte(`"goroutines":{"stacks"`)) {
		t.Error("the record has no goroutines")
	}
	for _, want := range []string{`"extensions"`, `"changes"`} {
		if !bytes.Contains(one.Bytes(), []byte(want)) {
			t.Errorf("the report has no %s", want)
		}
	}
}
