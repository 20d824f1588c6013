# `make repro` makes everything from nothing; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Tests run in two processes, the tests on the Ray cluster in one of them, all others in both. One thread each: the threads
# of two processes on two cores wait for each other, and the tests take five times as long.
PYTEST := OMP_NUM_THREADS=1 python -m pytest --numprocesses=2
READY := $(VENV)/.ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export NO_ALBUMENTATIONS_UPDATE := 1
export MLFLOW_DISABLE_TELEMETRY := true
export NO_MKDOCS_2_WARNING := 1
# DVC keeps an experiment as a commit and wants an author; a name that git knows is used.
ifeq ($(shell git config user.email),)
export GIT_AUTHOR_NAME := facealign
export GIT_AUTHOR_EMAIL := facealign@localhost
export GIT_COMMITTER_NAME := $(GIT_AUTHOR_NAME)
export GIT_COMMITTER_EMAIL := $(GIT_AUTHOR_EMAIL)
endif

.PHONY: help env repro test test-fast test-all check format ui docs docs-serve bench clean

help:  ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

env: $(READY)  ## the environment alone, in .venv, with pinned dependencies

$(READY): pyproject.toml constraints.txt
	@echo "==> making the environment in $(VENV) with $(PYTHON) (a few minutes, about 2.5 GB)"
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "facealign needs Python 3.11 or newer; name one: make env PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

# S="data.source=300w data.root=/faces" changes settings for this run (and keeps them in params.yaml).
repro: $(READY)  ## raw faces → registered model; S="key=value …" sets parameters
	@echo "==> checking params.yaml"
	facealign check
ifdef S
	echo "==> dvc exp run, with $(S)"
	dvc exp run $(foreach setting,$(S),-S '$(setting)')
else
	echo "==> dvc repro: prepare, train, evaluate, register; what is up to date is left alone"
	dvc repro
endif
	facealign summary

test: $(READY)  ## the tests (real Ray, MLflow server and DVC among them)
	@echo "==> tests"
	$(PYTEST) -m "not slow and not gpu"

test-fast: $(READY)  ## the tests that need no cluster and no server, under a minute
	@$(PYTEST) -q -m "not ray and not slow and not thorough and not gpu"

test-all: $(READY)  ## every test, the slow ones too
	@echo "==> all tests"
	$(PYTEST)

check: $(READY)  ## ruff, mypy (strict on the package), import rules
	@echo "==> ruff"
	ruff check .
	ruff format --check .
	echo "==> mypy"
	mypy
	echo "==> who may import whom"
	lint-imports

format: $(READY)  ## let ruff fix and format
	@ruff check --fix .
	ruff format .

ui: $(READY)  ## MLflow's pages on http://127.0.0.1:5000
	@case "$${MLFLOW_TRACKING_URI:-}" in http*) echo "MLflow's pages are on $$MLFLOW_TRACKING_URI"; exit 0;; esac
	echo "==> MLflow on http://127.0.0.1:5000/#/experiments?workflowType=machine_learning (Ctrl-C ends it)"
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow server --host 127.0.0.1 --port 5000 --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" --workers 1

# The extra `docs` is installed at first use.
DOCS_READY = python -c 'import mkdocs, material, mkdocstrings' 2>/dev/null || python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'

docs: $(READY)  ## the documentation site, in site/; a broken link is an error
	@$(DOCS_READY)
	echo "==> mkdocs build --strict"
	mkdocs build --strict

docs-serve: $(READY)  ## the documentation site on http://127.0.0.1:8000
	@$(DOCS_READY)
	mkdocs serve --dev-addr 127.0.0.1:8000

bench: $(READY)  ## speed and memory of the parts
	@for name in data prepare synthetic targets train; do echo "==> benchmarks/$$name.py"; python "benchmarks/$$name.py"; done

clean:  ## remove what was made, but for the environment and the MLflow store
	@rm -rf outputs runs site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
