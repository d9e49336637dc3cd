# Two commands matter: `make demo` and `make test`. Both start from a bare machine.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# uv does not read pip's variable; a local folder of wheels works for both.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export JUPYTER_CRATER_TEST ?= 1
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test test-quick lint format bench soak docs lab clean

demo: $(VENV)/.demo
	$(BIN)/python -m jupyter_crater.cli demo

lab: $(VENV)/.demo
	$(BIN)/jupyter lab notebooks

test: $(VENV)/.test lint
	$(PYTEST) --durations=15

test-quick: $(VENV)/.test
	$(PYTEST) -m "not engine and not browser and not slow"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(NAMES)

soak: $(VENV)/.test
	$(BIN)/python -m tests.soak

docs: $(VENV)/.test
	$(BIN)/python docs/sizing/generate.py

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -qy python3-venv; } \
	  || { echo "Type first: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.demo: $(VENV)/.uv pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[lab]'
	@touch $@

$(VENV)/.test: $(VENV)/.uv pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[lab,test]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
