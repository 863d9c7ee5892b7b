#!/usr/bin/env bash
# Disturbs servers that are not ours (Python over SQLite, fixed and with the report's
# own bug; nginx) by each fault of clients and of the network, and prints a line for
# each: how the run ended, and what the fault left behind. Then finds the leaks of the
# bundled WebUI that a fault brings out, and ends runs in the middle of each fault, in
# every way. Needs python3 of 3.11 or later, and nginx.
# Usage: faults.sh [RUNS [PATTERN]]   of each, and of which, such as /nginx/abort
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export CGO_ENABLED=0 HERMES_SOAK_TEST_STRICT=1 HERMES_SOAK_TEST_FAULTS=each
status=0
# Three at a time: they mostly wait.
go test -run "^(TestFaultsOnServers|TestLeaksUnderFaults|TestEndedInEachFault)\$${2:-}" -count "${1:-1}" -parallel 3 -timeout 5h -v ./cmd/hermes-soak >"$dir/out" || status=1
awk '/^=== (NAME|CONT|RUN)/ { name = $3 } /_test.go:[0-9]+: [0-9]+ in / { sub(/.*_test.go:[0-9]*: /, ""); print name ": " $0 } /^ +--- .*TestEnded/ { print $2, $3, $4 }' "$dir/out"
[ "$status" = 0 ] || cat "$dir/out"
exit "$status"
