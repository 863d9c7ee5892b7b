package reports

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// recorded is the fixed run as JSONL writes it.
func recorded(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	j := NewJSONL(&b)
	for _, e := range events() {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// judged reads a record and judges it.
func judged(record string) (*soak.Report, error) {
	r := soak.NewReport()
	if err := Read(strings.NewReader(record), r.Apply); err != nil {
		return nil, err
	}
	soak.Judge(r)
	return r, nil
}

func asJSON(t testing.TB, r *soak.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRecordedRunIsJudgedAlike: what was written can be read and gives the same
// report to the byte.
func TestRecordedRunIsJudgedAlike(t *testing.T) {
	want := asJSON(t, report(t))
	for name, record := range map[string]string{
		"as written":       recorded(t),
		"no newline":       strings.TrimSuffix(recorded(t), "\n"),
		"a byte order":     "\uFEFF" + recorded(t),
		"lines of Windows": strings.ReplaceAll(recorded(t), "\n", "\r\n"),
	} {
		again, err := judged(record)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if asJSON(t, again) != want {
			t.Errorf("%s: it is judged differently", name)
		}
	}
}

// TestCutRecord: wherever the run was killed, what is left is judged: never as a
// pass, and a leak that is proven in it stays one.
func TestCutRecord(t *testing.T) {
	whole := recorded(t)
	first := strings.Index(whole, "\n")
	failed := 0
	for at := first + 1; at < len(whole)-1; at += 97 {
		r, err := judged(whole[:at])
		if err != nil {
			t.Fatalf("cut at byte %d: %v", at, err)
		}
		v := r.Verdicts[len(r.Verdicts)-1]
		if v.Check != "run" || v.Status != soak.Unknown || !strings.Contains(v.Reason, "of 50 requests: the run was cut off") {
			t.Fatalf("cut at byte %d: %+v", at, v)
		}
		switch r.Conclusion.Exit {
		case soak.ExitFail:
			failed++
		case soak.ExitUnknown:
		default:
			t.Fatalf("cut at byte %d: exit status %d", at, r.Conclusion.Exit)
		}
	}
	if failed == 0 {
		t.Error("no cut record of a leak fails")
	}
	if r, err := judged(whole); err != nil || r.Stop.Reason != soak.StopDone {
		t.Errorf("the whole record: %v", err)
	}
}

func TestDamagedRecord(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(recorded(t), "\n"), "\n")
	with := func(at int, line string) string {
		out := append(append([]string{}, lines[:at]...), line+"\n")
		return strings.Join(append(out, lines[at+1:]...), "")
	}
	for want, record := range map[string]string{
		"it is empty": "",
		"line 1: the record was cut off in its first event":      lines[0][:100],
		"line 4: not an event of hermes-soak/v1: unexpected EOF": with(3, lines[3][:50]),
		"line 4: it is empty":                                     with(3, ""),
		"line 4: event 3 has the sequence number 4":               strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), ""),
		"line 4: event 3 has the sequence number 2":               with(3, strings.TrimSpace(lines[2])),
		"line 4: there is more than one event on the line":        with(3, strings.TrimSpace(lines[3])+strings.TrimSpace(lines[4])),
		`line 4: the schema is "hermes-soak/v9"`:                  with(3, strings.Replace(strings.TrimSpace(lines[3]), soak.Schema+`"`, `hermes-soak/v9","new":1`, 1)[:len(lines[3])+7]),
		`unknown field "news"`:                                    with(3, `{"news":1,`+strings.TrimSpace(lines[3])[1:]),
		"line 1: no endpoint to poll":                             with(0, strings.Replace(strings.TrimSpace(lines[0]), `"batches":`, `"probes":[],"batches":`, 1)),
		fmt.Sprintf("line %d: event", len(lines)+1):               recorded(t) + strings.Replace(lines[len(lines)-1], fmt.Sprintf(`"seq":%d`, len(lines)-1), fmt.Sprintf(`"seq":%d`, len(lines)), 1) + "\n",
		"line 2: not an event of hermes-soak/v1: invalid":         with(1, `{"seq":1e}`),
		"line 2: not an event of hermes-soak/v1: json: cannot un": with(1, `{"schema":"hermes-soak/v1","seq":1e400}`),
		"exceeded max depth":                                      with(1, `{"schema":"hermes-soak/v1","rest":{"sample":`+strings.Repeat(`{"gauges":`, 1<<20)),
	} {
		r, err := judged(record)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v %v", want, err, r != nil)
		}
	}
}

// TestLongLine: a table of many handles is one line, and a line has an end.
func TestLongLine(t *testing.T) {
	all := events()
	for i := range 100_000 {
		all[1].Rest.Sample.Table[fmt.Sprintf("/home/x/sessions/%d/cache.json", i)] = 1
	}
	var b bytes.Buffer
	j := NewJSONL(&b)
	for _, e := range all {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := judged(b.String()); err != nil {
		t.Error(err)
	}
	_, _, err := readLine(bufio.NewReader(io.MultiReader(strings.NewReader("{"), zeros{})), nil, 1<<20)
	if err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
		t.Errorf("a line without end: %v", err)
	}
}

// zeros is /dev/zero.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestSchemaOfWhatIsRead: schema.json holds for what a cut record and a series are
// made into.
func TestSchemaOfWhatIsRead(t *testing.T) {
	for name, record := range map[string]string{
		"cut":    recorded(t)[:5000],
		"series": "batch,requests,fds,state_db\n1,5,3,0\n",
	} {
		var lines bytes.Buffer
		j, r := NewJSONL(&lines), soak.NewReport()
		if err := Read(strings.NewReader(record), func(e soak.Event) error {
			if err := j.Record(e); err != nil {
				return err
			}
			return r.Apply(e)
		}); err != nil {
			t.Fatal(name, err)
		}
		soak.Judge(r)
		for line := range strings.Lines(lines.String()) {
			if err := schema(t, "event").Validate(value(t, line)); err != nil {
				t.Errorf("%s: %v\n%s", name, err, line)
			}
		}
		if err := schema(t, "report").Validate(value(t, asJSON(t, r))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changed is the fixed run with one thing changed in a line.
func changed(t testing.TB, line int, from, to string) string {
	t.Helper()
	lines := strings.SplitAfter(recorded(t), "\n")
	if !strings.Contains(lines[line], from) {
		t.Fatalf("no %s in %s", from, lines[line])
	}
	lines[line] = strings.Replace(lines[line], from, to, 1)
	return strings.Join(lines, "")
}

// TestMadeUpRecord: what no run can have recorded is refused, so that no check
// has to reckon with it.
func TestMadeUpRecord(t *testing.T) {
	const wave, batch = 4, 64 // the first of each
	for want, record := range map[string]string{
		`"fds" is -1, which nothing can hold`:    changed(t, wave, `"fds":12`, `"fds":-1`),
		`"fds" is 9223372036854775807`:           changed(t, wave, `"fds":12`, `"fds":9223372036854775807`),
		"cannot unmarshal number 1.5":            changed(t, wave, `"fds":12`, `"fds":1.5`),
		"cannot unmarshal number 1e400":          changed(t, 0, `"max_errors":0.01`, `"max_errors":1e400`),
		"wave 0 has 2 requests, and the answers": changed(t, wave, `"n":2`, `"n":3`),
		"answers are not theirs":                 changed(t, wave, `"n":2`, `"n":-2`),
		"wave 0: 2000000000 requests":            changed(t, wave, `"requests":2`, `"requests":2000000000`),
		"wave 0: no probe 2":                     changed(t, wave, `"probe":0`, `"probe":2`),
		"wave 0: no probe 0 for 0 requests":      changed(t, wave, `"requests":2`, `"requests":0`),
		"wave 0: 0 requests":                     changed(t, wave, `"probe":0,"requests":2,`, `"probe":-1,"requests":0,`),
		"wave 1: 2 requests":                     changed(t, wave+1, `"probe":-1,"requests":0,`, `"probe":0,"requests":2,`),
		`there is no wave "tidal"`:               changed(t, wave, `"kind":"load"`, `"kind":"tidal"`),
		`the kind is "rest", and that is not`:    changed(t, wave, `"kind":"wave"`, `"kind":"rest"`),
		`the kind is "wave", and that is not`:    changed(t, wave, `"kind":"wave"`, `"kind":"wave","stop":{"reason":"done"}`),
		"wave 0 lasts from 400ms to 1ns":         changed(t, wave, `"end_ns":490000000`, `"end_ns":1`),
		"wave 1 lasts from 0s to 590ms":          changed(t, wave+1, `"start_ns":500000000`, `"start_ns":0`),
		"event 4 is 1ns into the run":            changed(t, wave, `"mono_ns":400000000`, `"mono_ns":1`),
		`there is no rest "lunch"`:               changed(t, 1, `"at":"before"`, `"at":"lunch"`),
		`there is no end "well"`:                 changed(t, len(events())-1, `"reason":"done"`, `"reason":"well"`),
		`there is no state "sleeping"`:           changed(t, 2, `"state":"up"`, `"state":"sleeping"`),
		"51 errors":                              changed(t, batch, `"errors":0`, `"errors":51`),
		"latencies of GET /api/sessions: decode": changed(t, batch, `"p50_ns"`, `"latency":{"GET /api/sessions":"HISTF"},"p50_ns"`),
	} {
		if _, err := judged(record); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
