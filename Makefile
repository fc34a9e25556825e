# make demo and make test set up everything themselves; both need only Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than cores: there is always a test that waits for a process or a server.
WORKERS ?= 3
SOAK ?= 100
FUZZ ?= 1
# Which software of others must be there for the tests: packages, or all (with Java 17, iproute2 and root).
FLIGHTSW_REQUIRE_PEERS ?= packages
export FLIGHTSW_REQUIRE_PEERS
PARALLEL := --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder

# Hundreds of processes are started by the tests; each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env demo test soak fuzz check lint types contracts unit bench format clean

help:
	@echo "make demo    fly one orbit of the reference mission, watch it, get a report"
	@echo "make test    lint, types, import contracts and all tests with branch coverage"
	@echo "make soak    the seeded campaigns of the tests, a hundred times as long"
	@echo "make fuzz    ten million changed inputs for all decoders; FUZZ=N makes it N times as many"
	@echo "make check   lint, types and import contracts only"
	@echo "make unit    all tests, without coverage"
	@echo "make bench   all benchmarks, each beside its reference; takes minutes"
	@echo "make format  format the source"
	@echo "make env     only set up $(VENV)"
	@echo "make clean   remove what was generated"

env: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "flightsw needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: env
	$(BIN)/flightsw demo

test: check
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term --cov-fail-under=90

soak: env
	FLIGHTSW_SOAK=$(SOAK) $(BIN)/python -m pytest -m soak $(PARALLEL)

fuzz: env
	$(BIN)/python -m tests.fuzz --scale $(FUZZ) --json reports/fuzz.json

check: lint types contracts

lint: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: env
	$(BIN)/mypy

contracts: env
	$(BIN)/lint-imports

unit: env
	$(BIN)/python -m pytest $(PARALLEL)

bench: env
	mkdir -p reports
	$(BIN)/flightsw bench --json reports/bench.json

format: env
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) reports build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
