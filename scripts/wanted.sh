#!/usr/bin/env bash
# Says with status 2 what a gate would be refused for after it has soaked for hours: a flag, the run to compare
# with, or the name that it is to have.
# Usage: wanted.sh PROGRAM HISTORY NAMES PROFILE OLD NEW [FLAG...] [-- CMD ARG...]   NAMES are those taken, a line each
set -euo pipefail
soak=$1 db=$2 names=$3 profile=$4 old=$5 new=$6
shift 6
for flag; do
	case ${flag#-} in
	-) break ;;
	history* | -history* | no-history* | -no-history*) echo "$flag: a gate keeps a history of its own, in SOAK_DIR"; exit 2 ;;
	esac
done
"$soak" config show --profile "$profile" "$@" >/dev/null
[ "$old" != "$new" ] || exit 0
if grep -qxF -e "$new" <<<"$names"; then
	echo "$new is a run already; to take the name away: $soak baseline --history $db --remove $new"
	exit 2
fi
if [ -f "$old" ]; then
	"$soak" report --report json=/dev/null "$old"
elif ! "$soak" export --history "$db" "$old" >/dev/null; then
	echo "$old is no file and no run; where there is none to compare with yet, OLD is the same as NEW: $new $new"
	exit 2
fi
