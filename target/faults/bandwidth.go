package faults

// bandwidth lets no more than rate kilobytes per second of the answers through
// each connection.
var bandwidth = kind{
	name: "bandwidth", keys: []key{count(keyRate, 10, 1, 1_000_000).drawn(500, 5000), held()},
	met: answered,
	network: toxic("bandwidth", func(s Spec) map[string]int64 {
		return map[string]int64{"rate": s.number(keyRate)}
	}),
}
