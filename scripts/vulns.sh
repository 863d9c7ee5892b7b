#!/bin/sh
# vulns.sh: fails where a known vulnerability is in what a release is made of, by
# govulncheck. The database is that of the Go module golang.org/x/vulndb, so that no host
# is asked but the module proxy. It is judged with the Go that builds releases, which
# go.mod names; go in PATH may be an older one, whose own library has what was found since.
set -eu
cd "$(dirname "$0")/.."
go=$(sed -n 's/^toolchain //p' go.mod)
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
GOBIN=$tools go install golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOBIN=$tools go install golang.org/x/vulndb/cmd/indexdb@latest
vulndb=$(go mod download -json golang.org/x/vulndb@latest | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
"$tools/indexdb" -vulns "$vulndb/data/osv" -out "$tools/db"
GOTOOLCHAIN=${go:?go.mod has no line toolchain} "$tools/govulncheck" -db "file://$tools/db" ./...
