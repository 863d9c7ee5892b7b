#!/usr/bin/env bash
# Soaks the bundled WebUI with each of its leaks, healthy shapes and ends, and
# wants the exit status and the words that each must have.
# Usage: museum.sh [SEEDS]   how many seeds each shape gets (each leak gets one)
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-1}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/hermes-soak" ./cmd/hermes-soak

# expect STATUS LAST-LINE FLAG...
expect() {
	local want=$1 line=$2 got=0 out
	shift 2
	out=$(CI=true "$dir/hermes-soak" run "$@" 2>&1) || got=$?
	if [ "$got" != "$want" ] || ! tail -n 1 <<<"$out" | grep -qE "$line"; then
		printf '%s\nrun %s: exit status %s, want %s and "%s"\n' "$out" "$*" "$got" "$want" "$line"
		exit 255 # ends xargs
	fi
	echo "run $*: $got, $(tail -n 1 <<<"$out")"
}
export -f expect
export dir

for seed in $(seq "$seeds"); do
	sed -n 's/^shape //p' scripts/museum.txt | sed "s/\$/ --seed $seed/"
done >"$dir/jobs"
sed -n 's/^leak //p' scripts/museum.txt >>"$dir/jobs"
# Two at a time: they mostly wait.
xargs -P 2 -d '\n' -I{} bash -c 'eval "expect {}"' <"$dir/jobs"
