package history

// writable is for SQLite to find out, where a file may be closed without losing locks
// of other handles on it.
func writable(string) error { return nil }
