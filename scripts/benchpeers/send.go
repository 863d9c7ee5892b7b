package main

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// send sends one wave as a run does, and writes its outcome. The words are the server's URL, the requests in flight at
// once, and the requests.
func send(words []string, stdout io.Writer) error {
	connections, err := strconv.Atoi(words[1])
	if err != nil {
		return err
	}
	requests, err := strconv.Atoi(words[2])
	if err != nil {
		return err
	}
	probe, err := soak.NewProbe(pathList)
	if err != nil {
		return err
	}
	driver, err := load.New(load.Config{BaseURL: words[0], Probes: []soak.Probe{probe}, Concurrency: connections, Timeout: 10 * time.Second})
	if err != nil {
		return err
	}
	defer driver.Close()
	outcome, err := driver.Send(context.Background(), soak.Wave{Kind: soak.WaveLoad, Requests: requests})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(outcome)
}
