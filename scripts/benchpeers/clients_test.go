package main

import "testing"

// TestRead: what each client says of its requests; want is 0 where it has to be refused.
func TestRead(t *testing.T) {
	readers := map[string]func(string) (int, error){}
	for _, c := range clients() {
		readers[c.name] = c.read
	}
	for _, tt := range []struct {
		client, output string
		want           int
	}{
		{ours, `{"answers":[{"n":3,"class":"ok","status":200,"bytes":1000},{"n":2,"class":"ok","status":200,"bytes":999}]}`, 5},
		{ours, `{"answers":[{"n":3,"class":"ok","status":200,"bytes":1000},{"n":2,"class":"ok","status":204,"bytes":0}]}`, 0},
		{ours, `{"answers":[{"n":3,"class":"short","status":200,"bytes":1000}]}`, 0},
		{ours, ``, 0},
		{whole, "batch=1 fd=10 requests=16 errors=0 p50=4.5ms\nbatch=2 fd=10 requests=42 errors=0 p50=6.1ms\nPASS: no leak in 58 requests\n", 58},
		{whole, "batch=1 fd=10 requests=16 errors=0 p50=4.5ms\nbatch=2 fd=10 requests=42 errors=1 p50=6.1ms\n", 0},
		{"wrk", "  29837 requests in 3.04s, 31.58MB read\nRequests/sec:   9818.86\n", 29837},
		{"wrk", "  29837 requests in 3.04s, 31.58MB read\n  Non-2xx or 3xx responses: 1\n", 0},
		{"wrk", "  29837 requests in 3.04s, 31.58MB read\n  Socket errors: connect 0, read 1, write 0, timeout 0\n", 0},
		{"wrk", "unable to connect to 127.0.0.1:39485 Connection refused\n", 0},
		{"bombardier", `{"result":{"req1xx":0,"req2xx":500,"req3xx":0,"req4xx":0,"req5xx":0,"others":0}}`, 500},
		{"bombardier", `{"result":{"req1xx":0,"req2xx":499,"req3xx":0,"req4xx":0,"req5xx":0,"others":1}}`, 0},
		{"bombardier", `{"result":{"req1xx":0,"req2xx":499,"req3xx":0,"req4xx":1,"req5xx":0,"others":0}}`, 0},
		{"bombardier", `{"result":{}}`, 0},
		{"bombardier", `{}x`, 0},
		{"hey", "Status code distribution:\n  [200]\t49984 responses\n\n", 49984},
		{"hey", "Status code distribution:\n  [200]\t49983 responses\n  [404]\t1 responses\n", 0},
		{"hey", "Status code distribution:\n  [404]\t49984 responses\n", 0},
		{"hey", "Status code distribution:\n  [200]\t49983 responses\n\nError distribution:\n  [1]\tGet \"http://127.0.0.1:39485/\": EOF\n", 0},
		{"vegeta", `{"requests":62657,"success":1,"status_codes":{"200":62657},"errors":[]}`, 62657},
		{"vegeta", `{"requests":62657,"success":0.99,"status_codes":{"0":1,"200":62656},"errors":["EOF"]}`, 0},
		{"vegeta", ``, 0},
		{"k6", "     http_req_failed................: 0.00%  ✓ 0        ✗ 180\n     http_reqs......................: 180    4.36938/s\n", 180},
		{"k6", "    http_req_failed....................: 0.00%  0 out of 45\n    http_reqs..........................: 45     6.56109/s\n", 45},
		{"k6", "    http_req_failed....................: 0.00%  1 out of 50000\n    http_reqs..........................: 50000  6.56109/s\n", 0},
		{"k6", "     http_req_failed................: 0.00%  ✓ 1        ✗ 49999\n     http_reqs......................: 50000  4.36938/s\n", 0},
		{"k6", "", 0},
	} {
		got, err := readers[tt.client](tt.output)
		if (err != nil) != (tt.want == 0) || err == nil && got != tt.want {
			t.Errorf("%s: %d, %v, want %d: %s", tt.client, got, err, tt.want, tt.output)
		}
	}
}
