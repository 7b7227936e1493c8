# Everything this project can do, one target each. 'make' lists them.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
QUICK ?=
# A test on each core; whoever is done takes over from the others.
SIDE_BY_SIDE := --numprocesses=logical --dist=worksteal

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep lint types layers unit docs bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	@touch $@

.venv/.installed-test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[test]'
	@touch $@ .venv/.installed

.venv/.installed-bench: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[bench]'
	@touch $@ .venv/.installed

demo: .venv/.installed ## install, write a sample log, verify and summarize it
	@rm -rf demo.eventlog
	@$(BIN)/eventlog demo demo.eventlog

test: lint types layers unit ## all checks and tests, as CI runs them

lint: .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: .venv/.installed-test
	$(BIN)/mypy

layers: .venv/.installed-test
	$(BIN)/lint-imports

unit: .venv/.installed-test
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations=15 --cov --cov-report=term:skip-covered

test-deep: .venv/.installed-test ## the same tests with many more examples, kills and damage
	HYPOTHESIS_PROFILE=deep EVENTLOG_DEEP=1 $(BIN)/pytest $(SIDE_BY_SIDE)

docs: .venv/.installed-test ## write the generated pages of the documentation again
	$(BIN)/python -m cli._reference > docs/commands.md

bench: .venv/.installed-bench ## measure beside others, for long; QUICK=1: in three minutes
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

clean: ## remove what was installed and generated
	rm -rf .venv build dist demo.eventlog benchmarks/scratch .coverage .coverage.* htmlcov
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
