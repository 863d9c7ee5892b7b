#!/usr/bin/env bash
# What a request costs the client: hermes-soak, wrk, bombardier, hey, vegeta, and k6 where it is on
# PATH, ask one server in turn, and a table of their processor time goes to stdout. It is the one
# of docs/performance.md. Tools go to bin/peers; wrk is a package. Needs Linux with taskset, and
# two cores: the first is the server's, the second the client's; best with nothing else on them.
# Five rounds take some four minutes.
# Usage: bench-peers.sh [ROUNDS]   ends with status 1 where a client had an error
set -euo pipefail
case ${1:-} in -h | --help) sed -n 's/^# //p' "$0" && exit ;; esac
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 GOBIN="$PWD/bin/peers"
command -v taskset >/dev/null || { echo "there is no taskset: it is in the package util-linux" >&2; exit 2; }
[ "$(nproc)" -ge 2 ] || { echo "two cores are needed: one for the server, one for the client" >&2; exit 2; }
busy=$(cut -d ' ' -f 1 /proc/loadavg)
if ! command -v wrk >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		{ apt-get update -qq && apt-get install -y -qq wrk; } >/dev/null
	else
		echo "wrk is left out. To have it: sudo apt-get install wrk, or the package wrk of your system" >&2
	fi
fi
go install github.com/codesenberg/bombardier@v1.2.6
go install github.com/rakyll/hey@v0.1.5
go install github.com/tsenart/vegeta/v12@v12.13.0
go install ./cmd/hermes-soak ./scripts/benchpeers
printf '%s, %s cores of %s, Linux %s, %s, load average before it %s\n\n' "$(date -I)" "$(nproc)" "$(lscpu | sed -n 's/^Model name: *//p')" "$(uname -r)" "$(go env GOVERSION)" "$busy"
PATH="$GOBIN:$PATH" exec "$GOBIN/benchpeers" -rounds "${1:-5}"
