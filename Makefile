# Everything a developer does with this repository. `make` alone lists it.
#
# Variables that can be set on the command line:
#   FUZZTIME=20s   how long each fuzz target runs
#   DIR=           a folder with csv/, csv-json/ and json/ for make conformance;
#                  default: the few samples of this repository
#   ROUNDS=500     how many runs `make torture` kills
#   COUNT=5        how often each benchmark runs
#   ROWS=1000000   rows of the file that make bench imports
#   VERSIONS="14"  the PostgreSQL versions of make test-versions

GO       ?= go
FUZZTIME ?= 20s
ROUNDS   ?= 500
COUNT    ?= 5
ROWS     ?= 1000000
VERSIONS ?= 14 16 17 18
LOCALES  ?= C tr-TR
TOOLS    := .cache/tools

# Race detection costs five to ten times the run time: it is switched on where
# goroutines share something, not for the pure rules.
CONCURRENT := ./batch/... ./linker/postgres/... ./linker/httpapi/... ./cmd/relink/...

.DEFAULT_GOAL := help
.PHONY: help build package test test-versions test-locales check format demo bench microbench torture conformance golden picture fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/relink
	$(GO) build -trimpath -ldflags='-s -w' -o bin/relink ./cmd/relink

package: build ## pack the program with man pages and completions into bin
	rm -rf bin/package
	mkdir -p bin/package/completions
	cp bin/relink README.md bin/package
	$(GO) run -tags man ./cmd/relink man bin/package/man
	for shell in bash zsh fish; do bin/relink completion $$shell > bin/package/completions/relink.$$shell; done
	tar -C bin/package -czf bin/relink-$$($(GO) env GOOS)-$$($(GO) env GOARCH).tar.gz .

demo: build ## import a small world into a private PostgreSQL and show the reports
	@.ci/postgres
	bin/relink demo

test: ## run every test, on a real PostgreSQL
	@.ci/postgres
	@.ci/chromium
	@.ci/tmux
	$(GO) test -timeout 20m ./...

test-versions: ## run the tests of the database packages on PostgreSQL VERSIONS
	@set -e; for version in $(VERSIONS); do \
		programs=$$(.ci/postgres-version $$version); \
		echo "PostgreSQL $$version in $$programs"; \
		RELINK_PG_BIN=$$programs $(GO) test -count=1 -timeout 20m ./linker/postgres/...; \
	done

test-locales: ## run the tests of the database packages in databases of other LOCALES
	@.ci/postgres
	@set -e; for locale in $(LOCALES); do \
		echo "locale $$locale"; \
		RELINK_TEST_LOCALE=$$locale $(GO) test -count=1 -timeout 20m ./linker/postgres/...; \
	done

check: $(TOOLS)/staticcheck $(TOOLS)/gofumpt $(TOOLS)/deadcode ## modules, format, vet, staticcheck, dead code, scripts, race detector
	$(GO) mod tidy -diff
	$(GO) mod verify
	@unformatted=$$($(TOOLS)/gofumpt -l batch cmd linker reports); \
	if [ -n "$$unformatted" ]; then \
		echo "not formatted, run make format:"; echo "$$unformatted"; exit 1; \
	fi
	$(GO) vet ./...
	$(TOOLS)/staticcheck -checks inherit,ST1000 ./...
	@unreachable=$$($(TOOLS)/deadcode -test ./...) || exit 1; \
	if [ -n "$$unreachable" ]; then \
		echo "never called, not even by a test:"; echo "$$unreachable"; exit 1; \
	fi
	@.ci/shellcheck
	shellcheck .ci/*
	@.ci/postgres
	@.ci/tmux
	$(GO) test -race -short -timeout 20m $(CONCURRENT)

format: $(TOOLS)/gofumpt ## format the Go sources
	$(TOOLS)/gofumpt -w batch cmd linker reports

golden: ## rewrite the golden files; review the diff like code
	@.ci/postgres
	$(GO) test -run 'Golden|Script' ./linker ./reports ./cmd/relink -update

picture: build ## take the README's picture of the report anew
	@.ci/postgres
	@.ci/chromium
	.ci/picture

bench: build ## measure relink against its rivals: ROWS rows, COUNT alternating runs
	@.ci/postgres
	@mkdir -p .cache
	$(GO) run ./cmd/relinkbench -rows $(ROWS) -runs $(COUNT) -relink $(CURDIR)/bin/relink -json .cache/bench.json

microbench: $(TOOLS)/benchstat ## run the Go benchmarks, COUNT times each
	@mkdir -p .cache
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./... | tee .cache/bench.txt
	$(TOOLS)/benchstat .cache/bench.txt

torture: ## kill and resume ROUNDS runs (the short version is in make test)
	@.ci/postgres
	RELINK_TORTURE_ROUNDS=$(ROUNDS) RELINK_TORTURE_PLATFORM_ROUNDS=$$(($(ROUNDS) / 3)) $(GO) test -run Torture -v -timeout 6h ./...

conformance: ## run the CSV and JSON conformance cases, one line each
	DIR=$(abspath $(DIR)) $(GO) test -count=1 -run Conformance -v ./batch/source

fuzz: ## run every fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

clean: ## remove what make has built
	rm -rf bin .cache

# The tools have a mod file of their own, so that go.mod holds only what the
# program needs.
$(TOOLS)/%: .tools/go.mod .tools/go.sum
	@mkdir -p $(TOOLS)
	$(GO) build -modfile=.tools/go.mod -o $(TOOLS)/ tool
	@touch $(TOOLS)/*
