package webui

// A Shape is one way to hold something that looks like a leak and is none: it is bounded, or given back. ParseShape makes
// one. Shapes with the same kind and settings are equal.
type Shape struct {
	kind string
	settings
}

// shapeKinds is the table of healthy shapes: a new kind is a file and a row. All requests count that use the database.
func shapeKinds() table {
	return table{"shape", []kind{
		{Kind{"pool", "size=4",
			"state.db connections are kept and used again, size=N at most and no more than there ever were requests at once"}, startPool},
		{Kind{"cache", "size=16",
			"each request looks a file up in a cache, which keeps size=N of them open and then grows no more"}, startCache},
		{Kind{"step", "after=20",
			"the request after the first N opens three files, once, which stay open for good"}, startStep},
		{Kind{"sse-linger", "for=30s",
			"a stream whose client went away keeps its socket and handler for that long, and then lets go"}, startLinger},
		{Kind{"parked", "",
			"a long state.db connection, beside which SQLite parks the handles of short ones: a high-water mark"}, startParked},
		{Kind{"gc", "every=8",
			"each request leaves a file open, and every Nth closes them all: a bounded sawtooth, not on state.db"}, startGC},
	}}
}

// ShapeHelp lists the kinds of shape that ParseShape knows.
func ShapeHelp() []Kind { return shapeKinds().help() }

// ParseShape reads KIND[:key=value,...], as in "pool:size=4". Keys that are not given take their defaults. Errors name
// what is valid.
func ParseShape(s string) (Shape, error) {
	name, set, err := shapeKinds().parse(s)
	return Shape{name, set}, err
}

// String gives the shape as ParseShape reads it, without the keys that have their defaults.
func (s Shape) String() string { return shapeKinds().text(s.kind, s.settings) }
