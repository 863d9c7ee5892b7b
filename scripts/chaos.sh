#!/usr/bin/env bash
# Soaks the bundled WebUI under --chaos with seed after seed, two at a time: it has to
# survive them all. A line each: seed, exit status, seconds, and how it ended.
# Usage: chaos.sh [SEEDS [FIRST]]   ends with status 1 if one does not pass, and prints it
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export dir TMPDIR="$dir/tmp" CI=true
mkdir "$TMPDIR"
CGO_ENABLED=0 go build -o "$dir/hermes-soak" ./cmd/hermes-soak

survive() {
	local got=0 out
	SECONDS=0
	out=$("$dir/hermes-soak" run --config '' --chaos --seed "$1" 2>&1) || got=$?
	faults=$(grep -c '^[A-Z]* *recovers ' <<<"$out") || true
	echo "seed $1: $got in $SECONDS s, $faults faults, $(tail -n 1 <<<"$out")"
	[ "$got" = 0 ] || { echo "$out"; return 1; }
}
export -f survive

status=0
seq "${2:-1}" "$((${2:-1} + ${1:-2} - 1))" | xargs -P 2 -I{} bash -c 'survive {}' || status=1
[ -z "$(ls -A "$TMPDIR")" ] || { echo "left behind: $(ls -A "$TMPDIR")"; status=1; }
[ "$status" = 0 ]
