#!/bin/sh
# deb.sh FILE.deb: installs a package in a fresh, empty root, runs the program in
# there, and takes the package away again. It needs root, for chroot, and touches
# nothing outside a temporary folder.
set -eu
deb=${1:?deb.sh FILE.deb}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/log" "$root/tmp"
: >"$root/var/lib/dpkg/status"
pkg() { dpkg --root="$root" --log="$root/var/log/dpkg.log" "$@"; }

pkg --install "$deb"
for file in usr/share/man/man1/hermes-soak.1.gz usr/share/doc/hermes-soak/copyright usr/share/doc/hermes-soak/docs/licences.md \
	usr/share/bash-completion/completions/hermes-soak usr/share/fish/vendor_completions.d/hermes-soak.fish \
	usr/share/zsh/vendor-completions/_hermes-soak; do
	test -s "$root/$file"
done
gzip -t "$root/usr/share/man/man1/hermes-soak.1.gz"
chroot "$root" /usr/bin/hermes-soak version
chroot "$root" /usr/bin/hermes-soak init /tmp/soak.yaml
cp "$(dirname "$0")/../reports/testdata/series/leak_271_gcoff.csv" "$root/tmp/leak.csv"
status=0
chroot "$root" /usr/bin/hermes-soak judge --quiet /tmp/leak.csv || status=$?
[ "$status" = 1 ] # it leaks
pkg --purge hermes-soak
[ ! -e "$root/usr" ] # nothing is left of it
echo "$deb installs, runs and goes"
