package audit

import "hermes-soak/soak"

// Rules are the ways to lose a connection that the audit knows. An ID that was
// given once keeps its meaning.
func Rules() []soak.SourceRule {
	return []soak.SourceRule{
		{ID: "HS001", Name: "with-does-not-close",
			Why: "with over a SQLite connection ends the transaction; it does not close the connection. From Python 3.11 on it then stays open until the cyclic garbage collector runs.",
			Fix: "with contextlib.closing(sqlite3.connect(...)) as conn, conn: closes it, and still commits"},
		{ID: "HS002", Name: "never-closed",
			Why: "No path through the function closes the connection or hands it on.",
			Fix: "open it with contextlib.closing, or close it in a finally"},
		{ID: "HS003", Name: "open-on-a-path",
			Why: "A return, a raise or a branch leaves the function before the close.",
			Fix: "put the close in a finally, or open it with contextlib.closing: both cover every path"},
		{ID: "HS004", Name: "closed-only-on-success",
			Why: "An error between the open and the close leaves the connection open: under load, errors come together.",
			Fix: "put the close in a finally, or open it with contextlib.closing"},
		{ID: "HS005", Name: "kept-on-object",
			Why: "The object keeps the connection, and its class has no code that closes it: each object holds one for as long as it lives.",
			Fix: "give the class a close or an __exit__ that closes it, and call that"},
		{ID: "HS006", Name: "replaced",
			Why: "The last name of an open connection is set anew; nothing can close it any more.",
			Fix: "close the old one before the new one takes its place"},
		{ID: "HS007", Name: "kept-by-thread",
			Why: "A thread that ends does not close what its threading.local holds; a thread for each request leaves one connection each.",
			Fix: "close it where the thread's work ends, or open it for that work with contextlib.closing"},
		{ID: "HS008", Name: "open-in-generator",
			Why: "Whoever takes only some items leaves the generator at a yield, and the code behind it never runs.",
			Fix: "put the close in a finally, or read the rows before the first yield"},
	}
}
