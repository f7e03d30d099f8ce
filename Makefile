# Each target is complete on a bare machine with Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ONLY   ?=
ARGS   ?=

.DEFAULT_GOAL := help
# Scripts of a virtual environment hold its path: in a folder that was moved it is made anew.
MOVED  :=
ifneq ($(wildcard $(STAMP)),)
ifeq ($(shell grep -sqF "$(CURDIR)/$(BIN)/python" $(BIN)/course && echo here),)
MOVED  := --clear
$(STAMP): moved
endif
endif

.PHONY: moved help setup demo hub test release-test check bench mutation results site system

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make .venv with everything pinned in constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Say 'make PYTHON=python3.12 ...'." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@echo "Setting up $(VENV) ($(if $(MOVED),anew: this folder was moved,once); a few minutes)"
	@$(PYTHON) -m venv $(MOVED) $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -U pip
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e . --group dev
	@$(BIN)/python -m hub_config install-proxy
	@touch $@

demo: $(STAMP) ## a whole class released, submitted, graded and reported in a fresh course (ends by itself)
	@$(BIN)/course demo $(ARGS)

hub: $(STAMP) ## the laptop hub (serves until Ctrl-C)
	@$(BIN)/course hub serve $(ARGS)

system: $(STAMP)
	@$(BIN)/python tests/browser/install_chromium.py

# Processes of tests: one more than processors, and which tests share one, says tests/conftest.py.
SPREAD  := -n auto --dist loadgroup --no-loadscope-reorder
SLOWEST := --durations=20 --durations-min=10

test: $(STAMP) system ## every test, in a real sandbox and a real Chromium
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest $(SLOWEST) $(SPREAD)
else
	@$(BIN)/python -m pytest $(ARGS)
endif

# What `make test` takes samples of. It needs hours, and changes what it measures: look at the diff.
release-test: $(STAMP) system ## before a release: every command of the README in a fresh clone, no samples
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest $(SLOWEST) $(SPREAD) --release
	@$(BIN)/python -m tests.mutation
	@$(BIN)/python -m tests.results
else
	@$(BIN)/python -m pytest --release $(ARGS)
endif

check: $(STAMP) ## lint, types and quick tests that need no sandbox, in two minutes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m "not slow and not browser and not sandbox" $(or $(ARGS),$(SPREAD))

bench: $(STAMP) ## measure; writes bench.json (ONLY=name runs one)
	@$(BIN)/python -m tests.benchmarks $(ONLY)

site: $(STAMP) ## the lectures as a website in .site/html, with search, formulas and figures, offline
	@$(BIN)/course site $(ARGS)

mutation: $(STAMP) ## change every reference solution in every place; do the hidden tests notice? (ONLY=NAME)
	@$(BIN)/python -m tests.mutation $(ONLY)

results: $(STAMP) ## measure what the course claims; writes course/RESULTS.md (ONLY=NAME)
	@$(BIN)/python -m tests.results $(ONLY)
