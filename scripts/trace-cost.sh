#!/usr/bin/env bash
# What tracing costs a Python server: the median latency of a request that opens and
# closes a connection, with a traced server and its untraced twins
# asked in turn, 20 requests each. The
# second twin is the noise floor. Usage: trace-cost.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
HERMES_SOAK_TRACE_COST="${1:-200}" CGO_ENABLED=0 go test ./target/python -run '^TestCost$' -count 1 -v -timeout 30m | grep -E '^ +cost|FAIL|SKIP'
