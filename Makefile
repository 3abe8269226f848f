# `make` alone says what there is. Needs Python 3.11 or newer; everything else goes into $(VENV).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)
ARGS ?=
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := $(VENV)/.installed-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
COMPILE := env -u PIP_FIND_LINKS $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Debian packages. Tests need none of them to pass without CI=true; the bench measures them.
TEST_PACKAGES := nginx haproxy node=nodejs curl openssl promtool=prometheus \
	pg_lsclusters=postgresql chromium
BENCH_PACKAGES := nginx haproxy wrk

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## locked dependencies and the package, in .venv

$(INSTALLED): pyproject.toml requirements-dev.lock
	@[ -n "$(PYTHON)" ] || { echo 'no Python 3.11 or newer with venv; set PYTHON=...' >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_INSTALLED): $(INSTALLED) requirements-bench.lock
	$(PIP) --require-hashes -r requirements-bench.lock
	@touch $@

demo: $(INSTALLED) ## a shop, its buggy successor, the proxy between them, findings (ARGS="--for 20s")
	$(BIN)/shadowproxy demo $(or $(ARGS),--for 20s)

run: $(INSTALLED) ## the proxy, in the foreground (ARGS="-c shadowproxy.yaml")
	$(BIN)/shadowproxy run $(ARGS)

test: packages lint ## the gates, then all tests; CI runs this
	@# Two at a time, a file at a time. Tests of real processes keep real deadlines: on a machine that
	@# others starve one may miss its own. What failed gets one more try, alone and in sight; what
	@# fails twice fails.
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS) || { echo 'once more, what failed:' >&2; \
		$(BIN)/pytest --last-failed --last-failed-no-failures none $(ARGS); }

lint: $(INSTALLED) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fmt: $(INSTALLED) ## write the format, mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BENCH_INSTALLED) ## all arms side by side (ARGS="--quick" takes two minutes)
	.ci/packages $(BENCH_PACKAGES)
	$(BIN)/python -m bench $(ARGS)

packages:
	@.ci/packages $(TEST_PACKAGES)

lock: $(INSTALLED) ## write the lock files again
	$(COMPILE) $(ARGS) -o requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra test -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra bench -c requirements-dev.lock -o requirements-bench.lock pyproject.toml

clean: ## caches and build leftovers
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: help venv demo run test lint fmt bench packages lock clean
