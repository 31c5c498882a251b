# Two commands matter: `make run` starts the service, `make test` proves it.
# Both install what they need first, into .venv and the folders node_modules.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first interpreter that is new enough; `make PYTHON=... setup` overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

# pip inside the environment where there is one, else the system's pip aimed at it.
PIP = $$([ -x $(BIN)/pip ] && echo "$(BIN)/python -m pip" || echo "$(PYTHON) -m pip --python $(BIN)/python")
INSTALL = $(PIP) install --quiet --disable-pip-version-check

BUILT = src/codex_lb/dashboard/static/app/index.html
NODE_FITS = const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)

# One more than there are cores, because tests wait, too. A file stays whole: its tests share a service.
SIDE_BY_SIDE = --quiet --numprocesses $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --dist loadfile

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

.PHONY: run
run: .venv/.runtime perhaps-dashboard ## start the service on 127.0.0.1:2455
	exec $(BIN)/codex-lb

.PHONY: setup
setup: .venv/.dev ## install everything for work on the code

.PHONY: dev
dev: .venv/.dev perhaps-dashboard ## the service with Python's own checks switched on
	PYTHONDEVMODE=1 exec $(BIN)/codex-lb

.PHONY: demo
demo: .venv/.runtime perhaps-dashboard ## the service with a made-up pool
	exec $(BIN)/codex-lb demo

.PHONY: lint
lint: .venv/.dev frontend/node_modules/.installed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm --prefix frontend run --silent check

.PHONY: dashboard
dashboard: ## build the dashboard, if its sources have changed
	@node -e '$(NODE_FITS)' 2>/dev/null || { echo "The dashboard needs Node 20.19 or newer." >&2; exit 1; }
	@$(MAKE) --no-print-directory $(BUILT)

.PHONY: perhaps-dashboard
perhaps-dashboard:
	@$(MAKE) --no-print-directory dashboard || echo "The service starts without its dashboard." >&2

.PHONY: types
types: .venv/.dev ## write down what /api offers, for the dashboard's types
	$(BIN)/python tools/openapi.py

.PHONY: check
check: .venv/.dev ## what to run before every commit: linters, types and unit tests, side by side
	@$(MAKE) --no-print-directory --jobs 2 lint units

.PHONY: units
units: .venv/.dev
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not journey and not postgresql"

.PHONY: test
test: check tests/clients/node_modules/.installed dashboard browser ## everything: the check, PostgreSQL, and journeys with real clients
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "journey or postgresql"

.PHONY: screenshots
screenshots: .venv/.dev dashboard chromium ## every page, light, dark and on a phone, into docs/screenshots
	$(BIN)/python -m tests.browser.screenshots

.PHONY: bench
bench: .venv/.dev ## measure against nginx, and against BENCH_OTHER=http://... if given
	$(BIN)/python -m bench

.PHONY: lock
lock: .venv/.dev ## resolve the dependencies anew
	command -v uv >/dev/null || $(INSTALL) uv
	PATH="$(CURDIR)/$(BIN):$$PATH"; \
	compile="uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade"; \
	$$compile pyproject.toml -o requirements.lock; \
	$$compile pyproject.toml --group dev -o requirements-dev.lock
	npm --prefix tests/clients install --package-lock-only
	npm --prefix frontend update --package-lock-only

.PHONY: clean
clean: ## remove what make installed
	rm -rf .venv tests/clients/node_modules frontend/node_modules $(dir $(BUILT)) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Debian ships Python without ensurepip unless python3-venv is installed; the system's pip fills in.
.venv/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; }
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		$(PYTHON) -m venv .venv; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m venv --without-pip .venv; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && apt-get install -q -y python3-venv && $(PYTHON) -m venv .venv; \
	else \
		echo "$(PYTHON) has neither pip nor ensurepip. On Debian: sudo apt-get install python3-venv" >&2; exit 1; \
	fi

# The stamps are younger than the locks exactly when the environment fits them.
.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing requirements.lock into .venv"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps -e .
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing requirements-dev.lock into .venv"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps -e .
	@touch $@ .venv/.runtime

$(BUILT): frontend/node_modules/.installed $(shell find frontend/src frontend/*.html frontend/*.json frontend/*.ts -type f 2>/dev/null | grep -v schema.d.ts)
	npm --prefix frontend run --silent build

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json
	npm --prefix frontend ci
	@touch $@

# What journeys start that comes from the system's package manager.
.PHONY: browser
browser:
	@missing=$$(for tool in chromium curl jq; do command -v $$tool >/dev/null || echo $$tool; done); \
	if [ -z "$$missing" ]; then exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && apt-get install -q -y --no-install-recommends $$missing; \
	else \
		echo "Journeys need" $$missing"." "On Debian: sudo apt-get install" $$missing >&2; exit 1; \
	fi

tests/clients/node_modules/.installed: tests/clients/package.json tests/clients/package-lock.json
	npm --prefix tests/clients ci
	@touch $@
