#!/usr/bin/env bash
# Soaks hermes-soak with hermes-soak: one soaks the bundled WebUI, with a history, a record
# and its live page; another soaks that page for so many minutes, and the memory of the first
# may not grow either. Prints that memory as it was after each tenth (Linux).
# Usage: soak-itself.sh [MINUTES]   ends with the exit status of the second (default: 15)
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-15}
dir=$(mktemp -d)
inner='' watch=''
trap 'kill $watch 2>/dev/null || true; kill -INT $inner 2>/dev/null && wait $inner || true; rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/hermes-soak" ./cmd/hermes-soak
export CI=true HERMES_SOAK_CONFIG=''
"$dir/hermes-soak" run --for $((3 * minutes))m --requests 10 --live 127.0.0.1:0 --history "$dir/history.db" --report jsonl="$dir/run.jsonl" \
	>"$dir/out" 2>"$dir/err" &
inner=$!
until grep -q '^batch=1 ' "$dir/out"; do
	kill -0 "$inner" || { cat "$dir/err"; exit 1; }
	sleep 0.2
done
url=$(sed -n 's/^live page: //p' "$dir/err")
for _ in {1..10}; do
	sleep $((6 * minutes)) >/dev/null # it may outlive us, and not hold our output
	echo "waves=$(grep -c '"kind":"wave"' "$dir/run.jsonl") $(grep -E '^Vm(HWM|RSS)' "/proc/$inner/status" | tr -s ' \t\n' ' ')"
done 2>/dev/null &
watch=$!
got=0
"$dir/hermes-soak" run --for "${minutes}m" --url "$url" --endpoint / --health / --deep-health '' --gate rss --no-history >"$dir/verdict" 2>&1 || got=$?
grep -vE '^batch=' "$dir/verdict"
exit "$got"
