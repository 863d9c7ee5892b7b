#!/usr/bin/env bash
# Runs the two runs of the README, and each leak of the bundled WebUI, as real
# processes, and wants the exit status that each must have.
# Usage: real-runs.sh [SEEDS]   how many seeds the clean run and each leak get
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-1}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export TMPDIR="$dir/tmp" CI=true
mkdir "$TMPDIR"
CGO_ENABLED=0 go build -o "$dir/hermes-soak" ./cmd/hermes-soak

# expect STATUS LAST-LINE FLAG...
expect() {
	local want=$1 line=$2 got=0
	shift 2
	"$dir/hermes-soak" run "$@" >"$dir/out" 2>&1 || got=$?
	if [ "$got" != "$want" ] || ! tail -n 1 "$dir/out" | grep -q "$line"; then
		cat "$dir/out"
		echo "run $*: exit status $got, want $want and '$line'"
		exit 1
	fi
	[ -z "$(ls -A "$TMPDIR")" ] || { echo "run $*: left $(ls -A "$TMPDIR")"; exit 1; }
	echo "run $*: $got, $(tail -n 1 "$dir/out")"
}

for seed in $(seq "$seeds"); do
	expect 0 'PASS: no leak' --seed "$seed"
	expect 1 'LEAK per-request: GET /api/sessions keeps .* state.db handles' --seed "$seed" --leak state.db
	expect 1 'LEAK deferred-close: state.db handles' --seed "$seed" --leak state.db-deferred
	expect 1 'LEAK per-time: the server keeps .* state.db handles' --seed "$seed" --leak background:period=200ms
	expect 1 'LEAK per-request: .* state.db handles' --seed "$seed" --leak state.db:every=10 --batches 10
done
