# Tombola's one-liners; `make help` lists them. Each does the set-up it needs.
VENV ?= .venv
PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE  # set in many containers: every process that a test starts would compile all sources again
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow realdata oracles evidence fmt lint types docs docs-test check clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tombola needs Python 3.11 or newer; name one with PYTHON=python3.12")'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,onnx,text,track]'
	touch $(READY)

setup: $(READY)  ## make the virtual environment (VENV=.venv), once, and again when the constraints change

demo: setup  ## the whole way on built-in data: train, draw, transfer, measure, report
	$(BIN)/tombola run demo --runner processes:2
	$(BIN)/python -m results.demo

test: setup  ## the fast tests, on all cores
	# a file stays on one core, for what its tests share; in the order of folders, which ends with small files
	$(BIN)/python -m pytest -q -n logical --dist loadfile --no-loadscope-reorder

slow: setup  ## the slow tests (oracles, long properties)
	$(BIN)/python -m pytest -q -m slow

realdata: setup  ## the tests on real data (TOMBOLA_DATA=../shared/data)
	$(BIN)/python -m pytest -q -m realdata

oracles: setup  ## the slow tests beside other libraries (the check extra)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[check,openvino,text]'
	$(BIN)/python -m pytest -q -m slow

evidence: setup  ## the protocol, and results/EVIDENCE.md from the stored rows; fails where it held a number they do not give
	$(BIN)/python -m results.evidence.protocol
	$(BIN)/python -m results.evidence

fmt: setup  ## format and sort
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## style, floors, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/codespell src benchmarks examples docs results README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md

types: setup  ## mypy, strict, tests included
	$(BIN)/mypy

docs: setup  ## build the documentation into site/
	$(BIN)/python docs/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-test: setup  ## run what README and documentation show: commands, programs, tutorials
	$(BIN)/python -m pytest -q -m 'slow or not slow' tests/docs

check: lint types test docs  ## everything that must be green before a change lands

clean:  ## remove what was built (not the store)
	rm -rf $(VENV) site docs/reference .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
