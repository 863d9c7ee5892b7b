#!/usr/bin/env bash
# Checks what other machines read: our workflows (actionlint, with shellcheck), action.yml (actionlint, as
# the workflows use it, and action-validator, by its schema), and the template for GitLab (gitlab-ci-local,
# by GitLab's schema). Needs Go, npm, git, shellcheck, and a network the first time.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
npm install --silent --no-audit --no-fund --no-package-lock --prefix "$dir" @action-validator/core@0.6.0 @action-validator/cli@0.6.0 gitlab-ci-local@4.61.1
"$dir/node_modules/.bin/action-validator" action.yml
mkdir "$dir/project"
cp templates/gitlab-ci.yml "$dir/project/hermes-soak.gitlab-ci.yml"
# What docs/ci.md says to write.
sed -n '/^include: hermes-soak/,/nightly.sh/p' docs/ci.md >"$dir/project/.gitlab-ci.yml"
git -C "$dir/project" init -q && git -C "$dir/project" add -A
(cd "$dir/project" && ../node_modules/.bin/gitlab-ci-local --preview) >"$dir/preview" 2>"$dir/told" || { cat "$dir/told"; exit 1; }
grep -qF 'hermes-soak/scripts/nightly.sh --profile smoke --url' "$dir/preview"
grep -qF 'json schema validated' "$dir/told"
