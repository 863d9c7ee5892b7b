#!/usr/bin/env bash
# Soaks what is to be released, and compares it with the last release: it passes with status 0
# alone, where nothing is worse and nothing unknown. Then it has the name NEW, for the next release.
# Usage: release-gate.sh OLD NEW [FLAG...] [-- CMD ARG...]   OLD is the name of the last release, or
# its soak.jsonl, and NEW for the first one; flags are those of hermes-soak run. The exit status
# is that of hermes-soak; reports and history are in SOAK_DIR.
set -euo pipefail
case ${1:-} in -h | --help) sed -n 's/^# //p' "$0" && exit ;; esac
if [ $# -lt 2 ] || [ "${1#-}" != "$1" ] || [ "${2#-}" != "$2" ]; then echo "usage: release-gate.sh OLD NEW [FLAG...] [-- CMD ARG...]"; exit 2; fi
[ -n "${SOAK_DIR:-}${XDG_STATE_HOME:-}${HOME:-}" ] || { echo "there is no HOME: set SOAK_DIR"; exit 2; }
export SOAK_DIR=${SOAK_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/hermes-soak/release}
exec "$(dirname "$(readlink -f "$0")")/gate.sh" release "$@"
