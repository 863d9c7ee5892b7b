package reports

// LongRun is for the benchmark of the live page, which this package cannot import.
var LongRun = longRun
