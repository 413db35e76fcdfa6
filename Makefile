# The commands of the house. `make up` and `make demo` need Python 3.11+ and nothing else.
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
ON_TWO_CORES := -n 2 --dist loadfile --no-loadscope-reorder
# What asks no database, brings its own, or asks it through the same lines on both, is tried once: the pure rooms on
# SQLite, who may see what on PostgreSQL.
ONCE_ON_SQLITE := tests/compiler tests/engines tests/environments/test_tpch.py tests/house/test_promises.py tests/house/test_rules.py tests/house/test_locks.py \
	$(addprefix tests/house/test_,looked_at.py servers.py turns.py) $(addprefix tests/killing/test_,database_away.py failpoints.py settings.py up.py) \
	tests/definitions/test_proposing.py $(addprefix tests/monitoring/test_,email.py judging_batches.py messages.py profiling.py profiling_large.py proposing.py relating.py roots.py series.py slack.py) \
	tests/profiling/test_comparing.py $(addprefix tests/web/test_,check_form.py comparing.py ends_of_time.py front_end.py pictures.py sentences.py step_fields.py tags.py words.py)
ONCE_ON_POSTGRES := tests/security
# In this order: the last test there kills the server.
ON_SPARK := tests/environments tests/engines
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev up demo check format test test-sqlite test-postgres test-browser chaos servers production openapi pictures lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Make .venv and install the locked dependencies
	@sh scripts/setup.sh runtime

up: setup ## Start Loopline on this machine: http://127.0.0.1:8000
	@$(PY) manage.py up

demo: setup ## Play the sample through the front doors, and check the result
	@$(PY) manage.py demo

setup-dev:
	@sh scripts/setup.sh dev

servers: setup-dev ## See that Redis, Chromium and Java are on this machine, for the tests
	@$(PY) -m scripts.servers redis-server chromium default-jre-headless

check: setup-dev ## Run every gate but the tests
	@$(PY) -m scripts.gates

format: setup-dev ## Format and fix what can be fixed by machine
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

test: servers check test-sqlite test-postgres test-spark test-browser ## Run everything that CI runs

test-sqlite: setup-dev ## Run the tests on SQLite
	LOOPLINE_TEST_DATABASE=sqlite $(PYTEST) -m "not browser and not chaos and not spark" $(ON_TWO_CORES) $(ONCE_ON_POSTGRES:%=--ignore %)

test-postgres: servers ## Run the tests on PostgreSQL, Redis and Celery
	LOOPLINE_TEST_DATABASE=postgres $(PYTEST) -m "not browser and not chaos and not spark" $(ON_TWO_CORES) $(ONCE_ON_SQLITE:%=--ignore %)

test-spark: servers ## Run the tests that need Spark; fetches it once, 456 MB
	@$(PY) -m scripts.spark
	LOOPLINE_TEST_DATABASE=sqlite $(PYTEST) -m spark $(ON_SPARK)

test-browser: servers ## Run the tests that drive a browser
	LOOPLINE_TEST_DATABASE=sqlite $(PYTEST) -m "browser and not chaos" $(ON_TWO_CORES)

chaos: servers ## Break everything that is promised to hold, and say how it went: make chaos (half an hour)
	@$(PY) -m tests.chaos

production: servers ## Start what compose.yaml starts, on this machine, without containers
	@$(PY) -m scripts.production

pictures: servers ## Take the README's pictures anew
	@$(PY) -m scripts.pictures

bench-%: setup-dev ## Run one benchmark: make bench-road
	@$(PY) -m bench.$*

openapi: setup-dev ## Write docs/openapi.json, the description of the API, anew
	@$(PY) manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

lock: setup-dev ## Resolve the dependencies anew and write the locks
	@sh scripts/lock.sh

clean: ## Remove everything that was made here, the data of `make up` excepted
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
