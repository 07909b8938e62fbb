# Every target first runs `setup`, which takes milliseconds when nothing is missing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
RELEASE := .build/release/coffer
DATA ?= coffer-data
USERS ?= 300
# Every database: the server knows them all, and so do its tests.
TRAITS := --enable-all-traits

# Progress on a terminal; in a log only what matters.
build = @echo 'swift build $(TRAITS) $(1)'; if [ -t 1 ]; then swift build $(TRAITS) $(1); else swift build --quiet $(TRAITS) $(1); fi

.PHONY: help setup build run demo examples campaign test coverage bench fuzz check format docs docs-openapi

help: ## Shows this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## Installs what is missing: Debian packages, the Python environment; safe to repeat
	@scripts/setup

build: setup ## Makes the release program, .build/release/coffer
	$(call build,-c release --product coffer)

run: build ## Starts everything in the foreground, with a real EVM for development; DATA=folder keeps it elsewhere
	@exec $(RELEASE) dev --chains devnet --data-dir $(DATA)

demo: build ## A tour of the main job on a real EVM, with a kill -9 in the middle; fails unless every sum holds
	@$(PYTHON) scripts/demo

examples: setup ## Builds Examples/ and runs each against a relay and a wallet that follows a script
	$(call build,)
	@scripts/examples

campaign: setup ## Many users, a backend killed with SIGKILL, a restart: fails unless every session answers; USERS=5000
	$(call build,--product RestartCampaign)
	@"$$(swift build --show-bin-path)/RestartCampaign" --users $(USERS)

# By itself the runner begins all tests at once, and those with deadlines wait for a turn behind the others.
TESTS_AT_ONCE := 8

# The runner's line for each test that passed is left out; what fails, and its closing line, stay.
test: setup ## Builds and runs every test
	@$(PYTHON) devnet/check.py
	$(call build,--build-tests)
	@swift test --skip-build $(TRAITS) --disable-xctest --experimental-maximum-parallelization-width $(TESTS_AT_ONCE) 2>&1 \
	    | sed -u -E '/Test run with/b; /(started\.|passed after [0-9.]+ seconds\.?)$$/d'

coverage: setup ## Builds and runs the WalletConnect tests with coverage, and prints it per target; minutes
	@scripts/coverage

bench: build ## Measures, each figure beside its reference, and fills in docs/performance.md
	@PATH="$$PWD/.venv/bin:$$PATH" scripts/bench

fuzz: setup ## Throws bytes at what reads the bytes of strangers; FUZZ_SECONDS for each kind, 10 unless set
	@scripts/fuzz

check: setup ## Reads the sources without compiling: formatting, syntax, words
	@scripts/check

format: setup ## Formats the Swift sources
	swift format -i --recursive --parallel Sources Tests Examples Snippets Package.swift

docs: setup ## Makes the reference pages of the WalletConnect libraries and says where they are
	@scripts/docs

docs-openapi: build ## Writes the API's description to docs/openapi.json
	@PATH="$$PWD/.venv/bin:$$PATH" scripts/openapi
