# Everything runs in an environment of its own; only Python >= 3.11, pip and make are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
export PYTHONWARNINGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo install dev test test-fast test-all test-browser test-reliability audit lint types bench bench-large docs wheel duckdb2 test-bi test-scale clean

help:  ## What can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run  ## An invented network, from exports to trend tables
	@$(BIN)/tieline demo --folder demo

install: $(VENV)/.run  ## The command tieline, in $(VENV)/bin

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tieline needs Python 3.11 or newer; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Tieline into $(VENV), once ..."
	@$(BIN)/python -m pip install -q -c constraints.txt -e . 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/python -m pip show -q tieline 2>/dev/null && touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Installing what tests need ..."
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]' 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/python -m ruff --version >/dev/null && touch $@

dev: $(VENV)/.dev

lint: $(VENV)/.dev  ## Style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# Files in their own order: those of few long tests would otherwise come last, one of them after all others.
test: lint  ## Everything that CI checks
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow'

test-fast: $(VENV)/.dev  ## What takes less than a second each, while you work: under two minutes
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow and not integration and not long'

test-all: test wheel duckdb2 $(VENV)/.browser $(VENV)/.scale $(VENV)/.azurite  ## And what takes long: crash loops, real files, the report in a browser, the wheel, DuckDB 2.0
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow

test-scale: $(VENV)/.scale  ## Every model on Spark too, and readers on Dask and Ray clusters; needs Java 17
	@$(BIN)/python -m pytest -m slow tests/scale

$(VENV)/.scale: $(VENV)/.dev
	@echo "Installing Spark, Dask and Ray, once ..."
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,spark,dask,ray]' 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/python -c 'import pyspark, prefect_dask, prefect_ray' && touch $@

test-browser: $(VENV)/.browser  ## The report in a real Chromium, with axe-core
	@$(BIN)/python -m pytest -m slow tests/browser

$(VENV)/.browser: $(VENV)/.dev
	@bash .ci/browser.sh $(VENV)/npm && touch $@

# Microsoft's emulator of its storage, MIT, for tests only.
$(VENV)/.azurite: $(VENV)/.dev
	@npm install --silent --no-fund --no-audit --prefix $(VENV)/npm azurite@3.35.0 && touch $@

test-reliability: $(VENV)/.dev  ## 200 nights killed at any instant, and every other fault
	@TIELINE_KILLS=$${TIELINE_KILLS:-200} $(BIN)/python -m pytest -s tests/reliability tests/warehouse tests/serving/test_crash.py tests/flows/test_backup.py tests/flows/test_incoming.py tests/flows/test_fetch.py tests/flows/test_fetch_servers.py tests/security

audit: $(VENV)/.dev  ## Known vulnerabilities of what Tieline is built on; asks a public database
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install -q pip-audit 2>&1 | grep -v '^WARNING' || true
	@$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/audit/installed.txt
	@cd $(VENV)/audit && if bin/pip-audit --strict --no-deps --disable-pip -r installed.txt >found.txt 2>why.txt; \
	  then echo "No known vulnerability in $$(wc -l < installed.txt) packages."; \
	  else test ! -s found.txt || { cat found.txt; exit 1; }; \
	  echo "Nothing was audited: the public database could not be asked ($$(tail -n 1 why.txt | sed 's/^[A-Z]*:[a-z_.]*://')); see SECURITY.md"; exit 1; fi

wheel: $(VENV)/.dev  ## Build the wheel and run it away from the sources
	@$(BIN)/python .ci/smoke_wheel.py

duckdb2: $(VENV)/.dev  ## All SQL once more, on DuckDB 2.0
	@$(BIN)/python .ci/shadow_duckdb.py

# Each client in an environment of its own; PostgreSQL from Debian, where root may install it.
.venv-bi-%/.done: tests/bi/requirements-%.txt
	@echo "Installing $* ..."
	@$(PYTHON) -m venv .venv-bi-$*
	@.venv-bi-$*/bin/python -m pip install -q -r $< 2>&1 | grep -v '^WARNING' || true
	@.venv-bi-$*/bin/python -m pip show -q duckdb-engine 2>/dev/null && touch $@

.venv-bi-node/.done: tests/bi/package.json
	@mkdir -p .venv-bi-node && cp $< .venv-bi-node/
	@cd .venv-bi-node && npm install --silent --no-audit --no-fund && touch .done

test-bi: $(VENV)/.dev .venv-bi-superset/.done .venv-bi-clients/.done .venv-bi-node/.done  ## Real BI clients and a real PostgreSQL
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || which initdb >/dev/null || \
	  { test "$$(id -u)" != 0 || apt-get install -qq -y postgresql >/dev/null; }
	@TIELINE_BI=1 $(BIN)/python -m pytest -m slow tests/bi

bench: $(VENV)/.dev  ## Speed and memory, as ratios within one run
	@$(BIN)/python -m tests.benchmarks

bench-large: $(VENV)/.dev  ## Ties of 100 million participations (PARTICIPATIONS=...), a week after 3 years of 50 million; takes hours
	@$(BIN)/python -m tests.benchmarks introductions
	@$(BIN)/python -m tests.benchmarks history --participations $${QUARTER:-4200000}
	@$(BIN)/python -m tests.benchmarks ties --participations $${PARTICIPATIONS:-100000000}

docs: $(VENV)/.run  ## Write the generated pages anew
	@$(BIN)/python docs/generate.py

clean:  ## Remove the environment and the demo
	rm -rf $(VENV) demo dist build
