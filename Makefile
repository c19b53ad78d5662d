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
.PHONY: help install install-prod wheelhouse install-offline licences sbom run test test-all test-engine test-spark mutants reliability ui pictures axe lint format bench clean

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: .venv/installed

# uv is brought into the virtual environment itself; bytecode is compiled once, or every start takes twice as long.
.venv/installed: pyproject.toml uv.lock
	@test -x $(UV) || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes -r deploy/uv.txt; }
	$(UV) sync --frozen --quiet --inexact --compile-bytecode
	@touch $@

# Our own code is compiled too: services that may not write here would do it at every start.
install-prod:    ## what production needs, without developer tools; EXTRAS=postgres for Dagster's storage there
	@test -x $(UV) || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes -r deploy/uv.txt; }
	$(UV) sync --frozen --quiet --no-dev --compile-bytecode $(EXTRAS:%=--extra %)
	@$(BIN)/python -m compileall -q pipelines hatinh samples

# The export lists every package, so pip is to look for no other: of `gql[requests]` it would find no version that is pinned.
wheelhouse:      ## dist/wheelhouse: every package of production with its hash, for a machine without the net
	@mkdir -p dist/wheelhouse
	@$(UV) export --frozen --quiet --no-dev --no-emit-project $(EXTRAS:%=--extra %) -o dist/wheelhouse/requirements.txt
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
	    -r dist/wheelhouse/requirements.txt -d dist/wheelhouse
	$(UV) build --quiet --wheel -o dist/wheelhouse

install-offline: ## .venv from dist/wheelhouse; nothing is fetched
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-index --find-links dist/wheelhouse --require-hashes --no-deps \
	    -r dist/wheelhouse/requirements.txt
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable . 2>/dev/null \
	    || { echo $(CURDIR) > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/hatinh.pth"; \
	    printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m pipelines.cli "$$@"\n' > $(BIN)/hatinh; chmod +x $(BIN)/hatinh; }
	@$(BIN)/python -m compileall -q pipelines hatinh samples

licences:        ## dist/licences.md: every package of production with its version and licence
	@mkdir -p dist && $(BIN)/python deploy/licences.py > dist/licences.md && echo dist/licences.md

sbom:            ## dist/sbom.json: the same packages as CycloneDX
	@mkdir -p dist && $(UV) export --frozen --quiet --no-dev --format cyclonedx1.5 -o dist/sbom.json > /dev/null && echo dist/sbom.json

run: install     ## the pipeline on what lies in data/raw and data/drop, to a release in data/marts/current
	@$(BIN)/hatinh key make --if-missing
	@$(BIN)/hatinh run

# a worker takes up to 2 GB of memory: WORKERS=1 where there is less
WORKERS ?= logical
test: install    ## the default tests, a worker for each core, at most 4; the longest files come first (tests/conftest.py)
	@$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-all: install ## the slow ones too
	@HATINH_THREADS=2 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --hypothesis-profile=default -m '(slow or not slow) and not engine'

test-engine: install ## rows of dossiers on an engine: Sail, in this process; brings the extra `engine`
	@$(UV) sync --frozen --quiet --inexact --extra engine --group engine
	@$(BIN)/pytest -m 'not slow' tests/engine

# pyspark has the modules of pyspark-client: it goes into a folder of its own, for its Java programs only (490 MB)
SPARK_HOME ?= $(CURDIR)/dist/spark/pyspark
export SPARK_HOME
$(CURDIR)/dist/spark/pyspark:
	@$(UV) pip install --quiet --no-deps --target dist/spark pyspark==4.1.3

test-spark: install $(SPARK_HOME) ## a cluster of Spark on this machine (Java 17), parts of which are lost; TEST_SPARK_ROWS=1000000
	@$(UV) sync --frozen --quiet --inexact --extra engine --group engine
	@$(BIN)/pytest -m 'engine and slow' tests/engine

mutants: install ## named faults put into the code one by one: each must be seen by a test; some minutes
	@$(BIN)/python tests/mutants.py

reliability: install ## kills, full disk, damage, two runs, wrong clocks: counts into docs/reliability.md; some hours
	@$(BIN)/python tests/reliability --write

ui: install      ## Dagster on http://127.0.0.1:3000 with its daemon
	@$(BIN)/hatinh ui

pictures: install ## dist/pictures: the page at three widths, on paper, dark and in forced colours, brief and workbook as pages
	@$(BIN)/python tests/scoreboard/pictures.py

axe:             ## dist/axe: the accessibility checker that the slow tests of the page use, from npm
	@mkdir -p dist/axe && npm install --silent --no-audit --no-fund --prefix dist/axe axe-core@4.14

lint: install    ## ruff, mypy, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint -q dbt_project/models

format: install  ## let ruff fix what it can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: install   ## the pipeline against the bare script, at 100 thousand and 1 million rows
	@$(BIN)/python -m benchmarks

clean:           ## forget the warehouse, releases, Dagster's runs and caches; landed files and the key stay
	rm -rf data/warehouse data/marts/releases data/marts/current data/marts/versions.json dbt_project/target .dagster/[!d]* \
	    .pytest_cache .mypy_cache .ruff_cache .hypothesis
