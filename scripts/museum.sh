#!/usr/bin/env bash
# Soaks the bundled WebUI clean and with each of its leaks, healthy shapes and
# ends, as real processes, and wants the exit status and the words of each.
# Usage: museum.sh [SEEDS [PATTERN]]   how many seeds each line of museum.txt
# gets, and which lines
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export dir TMPDIR="$dir/tmp" XDG_STATE_HOME="$dir/state" CI=true
mkdir "$TMPDIR"
CGO_ENABLED=0 go build -o "$dir/hermes-soak" ./cmd/hermes-soak

# expect STATUS LAST-LINE FLAG...
expect() {
	local want=$1 line=$2 got=0 out
	SECONDS=0
	shift 2
	out=$("$dir/hermes-soak" run "$@" 2>&1) || got=$?
	if [ "$got" != "$want" ] || ! tail -n 1 <<<"$out" | grep -qE "$line"; then
		printf '%s\nrun %s: exit status %s, want %s and "%s"\n' "$out" "$*" "$got" "$want" "$line"
		exit 255 # ends xargs
	fi
	echo "run $*: $got in $SECONDS s, $(tail -n 1 <<<"$out")"
}
export -f expect

for seed in $(seq "${1:-1}"); do
	grep -E -e "${2:-.}" scripts/museum.txt | sed "s/\$/ --seed $seed/"
done >"$dir/jobs"
# Five at a time, the longest first: they mostly wait.
xargs -P 5 -d '\n' -I{} bash -c 'eval "expect {}"' <"$dir/jobs"
[ -z "$(ls -A "$TMPDIR")" ] || { echo "left behind: $(ls -A "$TMPDIR")"; exit 1; }
