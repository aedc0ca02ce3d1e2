# `make help` lists what can be done. Everything is set up on first use.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
# Tests that share nothing go to whichever core is free; a node with its calls stays on one.
APART := tests/unit tests/property tests/sim
BY_FILE := tests/integration tests/sipp tests/browser
CONFIG ?= config/examples/small-office.yaml
.DEFAULT_GOAL := help

.PHONY: help setup setup-test demo run test lint format bench lock prompts train clean

help: ## List what can be done.
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))' \
	  || { echo "Warmline needs Python 3.11 or 3.12: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/apt python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.lock requirements/bare.lock | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-conflicts --require-hashes -r requirements/run.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/bare.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock | $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check --no-warn-conflicts --require-hashes -r requirements/dev.lock
	@touch $@

setup: $(VENV)/.run ## Set up what the server and the demo need.

setup-test: $(VENV)/.dev ## Set up what the tests need too, programs included.
	@command -v sipp >/dev/null || .ci/apt sip-tester
	@command -v baresip >/dev/null || .ci/apt baresip-core
	@for part in /usr/lib/postgresql/15/bin/initdb:postgresql-15 /usr/sbin/dovecot:dovecot-imapd \
	  /usr/bin/swaks:swaks /usr/bin/chromium:chromium /usr/sbin/nginx:nginx-light; do \
	  test -x $${part%%:*} || .ci/apt $${part#*:} || echo "without $${part#*:} its tests are left out"; done

demo: setup ## Place nine real calls, a chat and a mail against a server of its own.
	$(BIN)/python run_pbx.py demo

run: setup ## Run the server with CONFIG (config/examples/small-office.yaml).
	$(BIN)/python run_pbx.py serve --config $(CONFIG)

test: setup-test ## Lint, types, layers and all tests.
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist worksteal $(APART)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(BY_FILE)

lint: $(VENV)/.dev ## Format, lint, types and layers, as CI has them.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the code into the house format.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-test ## Run every benchmark and print its tables.
	$(BIN)/python run_pbx.py bench all

$(VENV)-train/.train: requirements/train.in
	$(PYTHON) -m venv $(VENV)-train
	$(VENV)-train/bin/pip install --quiet --disable-pip-version-check -r requirements/train.in
	@touch $@

train: $(VENV)-train/.train ## Train both sets of weights from DATA (../shared/data).
	@for set in open research; do OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	  $(VENV)-train/bin/python -m models.training.train --data $(DATA) --set $$set \
	  --out models/weights || exit 1; done

lock: $(VENV)/.dev ## Write the lock files anew from requirements/*.in.
	cd requirements && for set in run dev; do ../$(BIN)/pip-compile --quiet --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe \
	  --output-file $$set.lock $$set.in || exit 1; done
	rm -rf $(VENV)/bare
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/bare -r requirements/bare.in
	{ echo "# Made by make lock: bare.in with the hashes of its files."; \
	  for file in $(VENV)/bare/*.whl; do set -- $$(basename $$file | tr - ' '); \
	    echo "$$1==$$2 \\" | tr _ -; echo "    $$($(BIN)/pip hash $$file | tail -n 1)"; done; } > requirements/bare.lock

clean: ## Remove the virtual environment and all caches.
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
