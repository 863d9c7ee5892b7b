#!/usr/bin/env bash
# Soaks servers that are not ours (Python over SQLite with the report's own bug,
# fixed, and with workers; nginx; Node), each started anew for each run, and
# prints how each run ended; and counts what redis holds. Needs python3 of 3.11 or
# later, nginx, node and redis-server. Ends at the first run that is not as it must be.
# Usage: servers.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export CGO_ENABLED=0 HERMES_SOAK_TEST_STRICT=1
# Two at a time: they mostly wait.
go test -run '^(TestRealServers|TestRedis)$' -count "${1:-1}" -parallel 2 -failfast -timeout 2h -v ./cmd/hermes-soak >"$dir/out" || {
	cat "$dir/out"
	exit 1
}
awk '/^=== (NAME|CONT|RUN)/ { name = $3 } /_test.go:/ { sub(/.*_test.go:[0-9]*: /, ""); print name ": " $0 }' "$dir/out"
