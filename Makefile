# The commands of the house. Everything runs in .venv, which `make` creates by itself.

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin

# Without bytecode every process that the tests start compiles the whole package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test test-browser test-clients soak check format bench clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

install: $(VENV)/installed  ## the virtual environment with everything needed

run: install  ## the story, from consent to the order number, against the simulator; stays up
	$(BIN)/bc-gateway demo

test: install  ## every test, in less than two minutes on two cores
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-browser: install  ## the connect pages in a real browser; pictures go to build/screenshots
	$(BIN)/python -m pytest -n 2 --timeout 30 tests/browser

test-clients: install  ## clients that others wrote, against the simulator; needs Node and npm
	$(BIN)/python -m pytest tests/clients

soak: install  ## requests made from both descriptions, and of bytes, SOAK_SECONDS each (300), 10000 cases of each property that has them, and 1000 of every other; SOAK_SEED for those of an earlier run
	seed=$${SOAK_SEED:-$$($(BIN)/python -c "import secrets; print(secrets.randbits(32))")}; echo "SOAK_SEED=$$seed"; \
	SOAK_SECONDS=$${SOAK_SECONDS:-300} SOAK_SEED=$$seed $(BIN)/python -m pytest -s --hypothesis-seed=$$seed \
		tests/journeys/test_fuzzed.py tests/contract/test_simulator_fuzzed.py tests/contract/test_simulator_wire.py \
		tests/contract/test_triples.py tests/contract/test_texts.py tests/contract/test_fuzzed_mappings.py && \
	SOAK_SECONDS=1 $(BIN)/python -m pytest -n 2 --timeout 600 --hypothesis-seed=$$seed -m hypothesis tests/unit

check: install  ## format, lint, types, import contracts, tests, shipped mappings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python schemas/bc/generate.py --check
	$(MAKE) --no-print-directory test
	$(BIN)/bc-gateway check
	$(BIN)/bc-gateway test --coverage --mutate

format: install  ## write the code as the house formats it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## every measurement in one run; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

clean:  ## remove what the other commands made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
