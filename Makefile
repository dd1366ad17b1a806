# Two commands are enough on a fresh machine with Python 3.11+ and make:
#   make run     set up and start the demo at http://127.0.0.1:8080
#   make test    set up and run every test that is not a long run
PYTHON ?= python3
# Tests that start real brokers and browsers mostly wait for them: four at a time keep a 2-core machine busy.
WORKERS ?= 4
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run setup test soak check bench clean setup-test test-packages soak-packages

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from constraints.txt (nothing happens when it is up to date)
	@sh deploy/setup.sh simulator

run: setup ## start the demo: two communes, 40 loudspeakers, a page at http://127.0.0.1:8080
	@exec $(BIN)/tienglang-sim demo

test: setup-test test-packages ## every test that is not a long run; ARGS="-k seal" narrows it
	@$(PYTEST) -m "not soak" $(ARGS)

soak: setup-test soak-packages ## the full matrix of brokers and databases, and the long runs
	@$(PYTEST) -m "soak or not soak" --hypothesis-profile soak --timeout 3600 $(ARGS)

check: setup-test ## lint, format, types, import contracts, the packaging guard
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/unit/house

bench: setup-test test-packages ## speed and memory as ratios to a floor of the same run; ONLY=ingest runs one
	@$(BIN)/python -m tests.bench $(ONLY)

clean: ## remove .venv and caches; your data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-test:
	@sh deploy/setup.sh simulator,test

test-packages: setup-test
	@sh deploy/setup-test-packages.sh

soak-packages: setup-test
	@sh deploy/setup-test-packages.sh rabbitmq-server
