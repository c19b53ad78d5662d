# Everything a newcomer types. A machine needs Python 3.11 or newer, make and git; the rest comes from uv.lock.
PYTHON ?= python3
UV := .venv/bin/uv
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export PYTHONDONTWRITEBYTECODE :=
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help install run test test-all ui lint format bench clean

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: .venv/installed

# uv is brought into the virtual environment itself; bytecode is compiled once, or every start takes twice as long.
.venv/installed: pyproject.toml uv.lock
	@test -x $(UV) || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'; }
	$(UV) sync --frozen --quiet --inexact --compile-bytecode
	@touch $@

run: install     ## the pipeline on what lies in data/raw and data/drop, to a release in data/marts/current
	@$(BIN)/hatinh key make --if-missing
	@$(BIN)/hatinh run

test: install    ## the default tests, two to three minutes; in the order of the files, so that the long walk comes first
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-all: install ## the slow ones too
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'slow or not slow'

ui: install      ## Dagster on http://127.0.0.1:3000 with its daemon
	@$(BIN)/hatinh ui

lint: install    ## ruff, mypy, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint -q dbt_project/models

format: install  ## let ruff mend what it can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: install   ## the pipeline against the bare script, at 100 thousand and 1 million rows
	@$(BIN)/python -m benchmarks

clean:           ## forget the warehouse, releases, Dagster's runs and caches; landed files and the key stay
	rm -rf data/warehouse data/marts/releases data/marts/current data/marts/versions.json dbt_project/target .dagster/[!d]* \
	    .pytest_cache .mypy_cache .ruff_cache .hypothesis
