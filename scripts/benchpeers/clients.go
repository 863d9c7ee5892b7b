package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hermes-soak/soak"
)

// plan is what a client is asked to do: GET url with that many connections, which are kept.
type plan struct {
	url         string
	connections int
	requests    int           // where it can be told a number
	duration    time.Duration // where it cannot
	dir         string        // for its files
}

// client is a program that sends requests.
type client struct {
	name    string
	program string // on PATH; "" is this program
	args    func(p plan) []string
	files   func(p plan) map[string]string // that it reads, in p.dir
	after   func(p plan) []string          // run when it has been measured, and read in place of its output
	// read says how many requests were answered 200, by the client's own words. That some were not is an error.
	read func(output string) (int, error)
	// more says that it sends requests beyond those that it counts.
	more bool
	// once says that it is measured at the first number of connections only: what it costs is not theirs.
	once bool
}

const (
	ours  = "hermes-soak"     // its load client: one wave
	whole = "hermes-soak run" // the program, with all that it does between short waves
)

// clients are all that are compared, each with its usual settings.
func clients() []client {
	return []client{
		{name: ours, read: readOutcome, args: func(p plan) []string {
			return []string{sendMode, p.url, strconv.Itoa(p.connections), strconv.Itoa(p.requests)}
		}},
		{name: whole, program: "hermes-soak", read: readBatches, more: true, once: true, args: func(p plan) []string {
			return []string{"run", "--config", "", "--no-history", "--no-extend", "--url", p.url, "--endpoint", pathList,
				"--concurrency", strconv.Itoa(p.connections)}
		}},
		{name: "wrk", program: "wrk", read: readWrk, args: func(p plan) []string {
			return []string{"-t", "1", "-c", strconv.Itoa(p.connections), "-d", seconds(p.duration), p.url + pathList}
		}},
		{name: "bombardier", program: "bombardier", read: readBombardier, args: func(p plan) []string {
			return []string{"-c", strconv.Itoa(p.connections), "-n", strconv.Itoa(p.requests), "-p", "r", "-o", "json", p.url + pathList}
		}},
		{name: "hey", program: "hey", read: readHey, args: func(p plan) []string {
			return []string{"-c", strconv.Itoa(p.connections), "-n", strconv.Itoa(p.requests), p.url + pathList}
		}},
		{name: "vegeta", program: "vegeta", read: readVegeta, args: func(p plan) []string {
			workers := strconv.Itoa(p.connections)
			return []string{"attack", "-rate", "0", "-workers", workers, "-max-workers", workers, "-duration", seconds(p.duration),
				"-targets", p.dir + "/targets", "-output", p.dir + "/results"}
		}, files: func(p plan) map[string]string {
			return map[string]string{"targets": "GET " + p.url + pathList + "\n"}
		}, after: func(p plan) []string { return []string{"vegeta", "report", "-type", "json", p.dir + "/results"} }},
		{name: "k6", program: "k6", read: readK6, args: func(p plan) []string {
			return []string{"run", "--quiet", "--no-color", "--no-usage-report", "--vus", strconv.Itoa(p.connections), "--iterations", strconv.Itoa(p.requests), p.dir + "/script.js"}
		}, files: func(p plan) map[string]string {
			return map[string]string{"script.js": fmt.Sprintf("import http from 'k6/http';\nexport default function () { http.get('%s'); }\n", p.url+pathList)}
		}},
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }

// number is what the pattern's group found in output.
func number(output, pattern string) (int, error) {
	found := regexp.MustCompile(pattern).FindStringSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("its output does not say %s", pattern)
	}
	return strconv.Atoi(found[1])
}

// readOutcome reads what send writes.
func readOutcome(output string) (int, error) {
	var o soak.Outcome
	if err := json.Unmarshal([]byte(output), &o); err != nil {
		return 0, err
	}
	for _, a := range o.Answers {
		if a.Class != soak.ClassOK || a.Status != 200 {
			return 0, fmt.Errorf("%d answers were %s, status %d", a.N, a.Class, a.Status)
		}
	}
	return o.Sent(), nil
}

func readBatches(output string) (sum int, err error) {
	for _, batch := range regexp.MustCompile(`(?m)^batch=.* requests=(\d+) errors=(\d+) `).FindAllStringSubmatch(output, -1) {
		n, err := strconv.Atoi(batch[1])
		if err != nil {
			return 0, err
		}
		if batch[2] != "0" {
			return 0, errors.New(batch[0])
		}
		sum += n
	}
	return sum, nil
}

func readWrk(output string) (int, error) {
	if strings.Contains(output, "Non-2xx") || strings.Contains(output, "Socket errors") {
		return 0, errors.New("it had errors")
	}
	return number(output, `(\d+) requests in `)
}

func readBombardier(output string) (int, error) {
	var o struct {
		Result struct {
			Good   *int `json:"req2xx"`
			First  int  `json:"req1xx"`
			Third  int  `json:"req3xx"`
			Fourth int  `json:"req4xx"`
			Fifth  int  `json:"req5xx"`
			Others int  `json:"others"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(output), &o); err != nil {
		return 0, err
	}
	r := o.Result
	if bad := r.First + r.Third + r.Fourth + r.Fifth + r.Others; bad > 0 || r.Good == nil {
		return 0, fmt.Errorf("%d requests were not answered 200", bad)
	}
	return *r.Good, nil
}

func readHey(output string) (int, error) {
	if strings.Contains(output, "Error distribution") || len(regexp.MustCompile(`\[\d+\]\s+\d+ responses`).FindAllString(output, -1)) > 1 {
		return 0, errors.New("it had errors")
	}
	return number(output, `\[200\]\s+(\d+) responses`)
}

func readVegeta(output string) (int, error) {
	var o struct {
		Requests int            `json:"requests"`
		Codes    map[string]int `json:"status_codes"`
	}
	if err := json.Unmarshal([]byte(output), &o); err != nil {
		return 0, err
	}
	if o.Codes["200"] != o.Requests {
		return 0, fmt.Errorf("%d of %d requests were not answered 200", o.Requests-o.Codes["200"], o.Requests)
	}
	return o.Requests, nil
}

// readK6 reads the summary of k6 before and since 1.0.
func readK6(output string) (int, error) {
	if !regexp.MustCompile(`http_req_failed\.*: 0\.00%\s+(0 out of|✓ 0) `).MatchString(output) {
		return 0, errors.New("it had errors")
	}
	return number(output, `http_reqs\.*: (\d+) `)
}
