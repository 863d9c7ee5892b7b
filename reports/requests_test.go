package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// TestSchemaOfRequests: all that is recorded of requests and of answers that are
// not as expected is described, is read back, and holds no secret.
func TestSchemaOfRequests(t *testing.T) {
	request := soak.Request{Method: "POST", Path: "/x?k=hunter2", Name: "POST /x?k=…", ContentType: "application/json", Body: soak.NewSecret("hunter2"),
		Headers: []soak.Header{{Name: "X-Key", Value: soak.NewSecret("hunter2")}}}
	all := events()
	plan := &all[0].Start.Scenario
	plan.Headers, plan.Login, plan.Insecure = request.Headers, &request, true
	plan.Probes[0] = soak.Probe{Request: request, Weight: 3, Before: []soak.Request{request}, After: []soak.Request{request},
		Expect: soak.Expect{Status: []soak.StatusRange{{From: 200, To: 299}}, Type: "application/json", JSON: true, MinBytes: 2, MinItems: 1}}
	for i := range all {
		if w := all[i].Wave; w != nil && w.Probe == 0 {
			w.Answers = nil
			for _, class := range []soak.Class{soak.ClassType, soak.ClassNotJSON, soak.ClassSmall, soak.ClassFew, soak.ClassTooLong} {
				w.Answers = append(w.Answers, soak.Answer{N: 1, Class: class, Status: 200, Step: "before 1, POST /x?k=…"})
			}
			w.Requests = len(w.Answers)
		}
	}
	event := schema(t, "event")
	var text strings.Builder
	for _, e := range all {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := event.Validate(value(t, string(b))); err != nil {
			t.Errorf("%v\n%s", err, b)
		}
		text.Write(append(b, '\n'))
	}
	if strings.Contains(text.String(), "hunter2") {
		t.Errorf("a secret is recorded: %s", text.String())
	}
	read, err := judged(text.String())
	if err != nil {
		t.Fatal(err)
	}
	r := asJSON(t, read)
	if err := schema(t, "report").Validate(value(t, r)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r, "too-long in before 1, POST /x?k=…") {
		t.Errorf("the step is not told: %s", r)
	}
}
