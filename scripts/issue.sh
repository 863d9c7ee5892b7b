#!/usr/bin/env bash
# Prints the body of an issue for a gate that did not end with 0, from the reports in FOLDER.
# Usage: issue.sh STEP STATUS FOLDER
set -euo pipefail
step=$1 status=$2 out=$3
means=([1]="a check failed" [2]="wrong usage or configuration, see log.txt" [3]="the answer is unknown" [4]="the measurement broke")
echo "The gate ended in the step \`$step\` with status $status: ${means[status]:-it was killed}. Its reports are in \`${out##*/}\`."
[ ! -s "$out/soak.jsonl" ] || [ ! -s "$out/soak.md" ] || awk '(n += length + 1) > 50000 { print "\nThe rest is in soak.md."; exit } 1' "$out/soak.md"
# Not what was typed, nor the server's log.
[ "$status" = 2 ] || sed -n 's/^\(NOT PROVED\|hermes-soak\|hint\): .*/    &/p' "$out/log.txt"
