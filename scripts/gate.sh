#!/usr/bin/env bash
# What nightly.sh and release-gate.sh share: builds, refuses wrong flags, proves that this machine can measure, soaks,
# compares with an earlier run, and prints the body of an issue where that does not end with 0. It needs Go, flock and setpriv.
# Usage: gate.sh PROFILE OLD NEW [FLAG...] [-- CMD ARG...]   flags of hermes-soak run. A run that passes is
# named NEW, to compare later ones with; where OLD is NEW, only the first one. SOAK_PROVE=no leaves prove out.
set -Eeuo pipefail
trap 'exit 4' ERR
profile=$1 old=$2 new=$3 here=$(cd "$(dirname "$0")/.." && pwd)
[[ $new =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] || { echo "$new is no name for a run: letters, digits, . _ and -"; exit 2; }
shift 3 && dir=$(mkdir -p "$SOAK_DIR" && cd "$SOAK_DIR" && pwd)
exec 9>"$dir/lock"
flock -n 9 || { echo "$dir/lock is held by another gate, or cannot be: nothing was done"; exit 2; }
out=$(mktemp -d "$dir/$(date -u +%Y%m%dT%H%M%SZ)-XXXXXX") soak=$dir/hermes-soak db=$dir/history.db names=
printf '%s\n' "$dir"/20??????T??????Z-?????? | sort -r | tail -n +31 | while IFS= read -r past; do rm -rf "$past"; done
[ -z "${GITHUB_OUTPUT:-}" ] || echo "reports=$out" >>"$GITHUB_OUTPUT"

# try STEP CMD...: where the command does not end with 0, the gate ends as it did.
try() {
	local status=0
	"${@:2}" 2>&1 | tee -ai "$out/log.txt" || status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || { "$here/scripts/issue.sh" "$1" "$status" "$out" | tee "$out/issue.md"; exit "$status"; }
}
build() { CGO_ENABLED=0 go build -C "$here" -o "$soak" ./cmd/hermes-soak 9>&- || return 4; }
soaked() { [ -s "$out/soak.jsonl" ] || { echo "nothing was soaked"; return 4; }; }
try build build
[ ! -e "$db" ] || { try prune "$soak" prune --history "$db" --keep 30; names=$("$soak" baseline --list --history "$db" | cut -d ' ' -f 1); }
try flags "$here/scripts/wanted.sh" "$soak" "$db" "$names" "$profile" "$old" "$new" "$@"
[ "${SOAK_PROVE:-}" = no ] || try prove "$soak" prove
against=(--baseline "$old")
[ "$old" != "$new" ] || if grep -qxF -e "$new" <<<"$names"; then new=; else against=(); echo "no run is named $new: nothing to compare with"; fi
for format in html junit json jsonl markdown; do against+=(--report "$format=$out/soak.$(sed 's/junit/xml/; s/markdown/md/' <<<"$format")"); done
# The soak ends with the gate, also where that is killed alone.
try run setpriv --pdeathsig TERM "$soak" run --profile "$profile" --history "$db" --no-history=false "${against[@]}" "$@"
try record soaked
[ -z "$new" ] || try name "$soak" baseline --history "$db" "$(sed -n '1s/^{"schema":"[^"]*","run":"\([^"]*\)".*/\1/p' "$out/soak.jsonl")" "$new"
echo "passed; the reports are in $out"
