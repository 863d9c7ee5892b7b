package webui

// A Leak is one way to hold something that is never given back, made by ParseLeak. Leaks with the same kind and
// settings are equal.
type Leak struct {
	kind string
	settings
}

// requestKeys are the keys of a leak that requests drive, with their defaults.
const requestKeys = "every=1,on=" + pathSessions + ",after=0"

// leakKinds is the table of leaks: a new kind is a file and a row.
func leakKinds() table {
	return table{"leak", []kind{
		{Kind{"state.db", requestKeys,
			"every Nth matching request, after the first ones, leaves its state.db connection open for good"}, startStateDB},
		{Kind{"state.db-deferred", requestKeys + ",gc=30",
			"as state.db, but every gc=N matching requests what earlier ones left open is closed: a sawtooth"}, startDeferred},
		{Kind{"background", "period=5s",
			"a state.db connection is opened each period, whatever is requested, and never closed"}, startBackground},
		{Kind{"deleted-wal", requestKeys,
			"a connection to a copy of state.db that was then replaced: its three handles are on deleted files"}, startDeletedWAL},
		{Kind{"rows", requestKeys,
			"a result set that is not read to its end, with the state.db connection under it"}, startRows},
		{Kind{"file", requestKeys,
			"an open regular file"}, startFile},
		{Kind{"socket", requestKeys,
			"a connection to an upstream that has hung up: it stays in CLOSE_WAIT"}, startSocket},
		{Kind{"pty", requestKeys,
			"an open /dev/ptmx, as of a terminal that was never closed (not on Windows)"}, startPTY},
		{Kind{"devnull", requestKeys,
			"an open null device"}, startDevNull},
		{Kind{"thread", requestKeys,
			"a thread of the operating system that waits for ever"}, startThread},
		{Kind{"memory", requestKeys + ",size=256",
			"size=KiB of memory, written to; shown by --gate rss"}, startMemory},
		{Kind{"error-path", "every=1,on=*,after=0",
			"a state.db connection, only where the handler fails; shown by polling '" + pathSession + "?session_id=none'" +
				" or by a POST to " + pathNew + " with a wrong body"}, startErrorPath},
		{Kind{"abort-path", "every=1,after=0",
			"a state.db connection, only where a client goes away in the middle of " + pathExport + ", of over 4 MiB;" +
				" shown by polling it with --timeout 40ms: read to its end, it does not leak"}, startAbortPath},
		{Kind{"stream", "every=1,after=0",
			"the handler and the socket of a stream whose client went away; shown by polling " + pathStream}, startStream},
	}}
}

// LeakHelp lists the kinds of leak that ParseLeak knows.
func LeakHelp() []Kind { return leakKinds().help() }

// ParseLeak reads KIND[:key=value,...], as in "state.db:every=10,on=/api/projects,after=100". Keys that are not given
// take their defaults. Errors name what is valid.
func ParseLeak(s string) (Leak, error) {
	name, set, err := leakKinds().parse(s)
	return Leak{name, set}, err
}

// String gives the leak as ParseLeak reads it, without the keys that have their defaults.
func (l Leak) String() string { return leakKinds().text(l.kind, l.settings) }
