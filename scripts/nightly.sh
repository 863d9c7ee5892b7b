#!/usr/bin/env bash
# Soaks a server for some minutes, and compares it with the first night that passed: a worse night
# fails. It does so until the name nightly is taken from that run:
#     "$SOAK_DIR/hermes-soak" baseline --history "$SOAK_DIR/history.db" --remove nightly
# Usage: nightly.sh [FLAG...] [-- CMD ARG...]   flags of hermes-soak run; with --profile smoke it is
# short. The exit status is that of hermes-soak; reports and history are in SOAK_DIR.
set -euo pipefail
case ${1:-} in -h | --help) sed -n 's/^# //p' "$0" && exit ;; esac
[ -n "${SOAK_DIR:-}${XDG_STATE_HOME:-}${HOME:-}" ] || { echo "there is no HOME: set SOAK_DIR"; exit 2; }
export SOAK_DIR=${SOAK_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/hermes-soak/nightly}
exec "$(dirname "$(readlink -f "$0")")/gate.sh" nightly nightly nightly "$@"
