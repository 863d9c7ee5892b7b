# CGO_ENABLED=0: the program is one static file, and needs no C compiler.
export CGO_ENABLED = 0

.PHONY: check build test race page lint fuzz golden bench zoo

check: lint test

# Without the tables for debuggers, as what is released: a third smaller.
build:
	go build -trimpath -ldflags "-s -w" -o bin/hermes-soak ./cmd/hermes-soak

test:
	go test ./...

# The race detector needs a C compiler. Nothing may be skipped.
race:
	CGO_ENABLED=1 HERMES_SOAK_TEST_STRICT=1 go test -race $$(go list ./... | grep -v /browser$$)

page:
	HERMES_SOAK_TEST_STRICT=1 go test -count=1 ./target/webui/browser ./reports/browser

lint:
	golangci-lint run ./...
	shellcheck scripts/*.sh .ci/run

FUZZTIME ?= 20s
fuzz:
	scripts/fuzz.sh $(FUZZTIME)

# Writes the golden files anew; look at the difference before you commit it.
golden:
	go test ./reports -update

# For benchstat: CONTRIBUTING.md. Whatever else is printed it passes over.
BENCH ?= .
COUNT ?= 1
bench:
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

# Writes docs/zoo.md anew. Where a bar is not met the page is written and make fails; without a page the old one stays.
zoo:
	mkdir -p docs
	go build -o bin/zoo ./soak/zoo
	bin/zoo >bin/zoo.md; status=$$?; [ $$status -gt 1 ] || mv bin/zoo.md docs/zoo.md || status=2; exit $$status
