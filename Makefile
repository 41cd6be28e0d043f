# Needs git, make and python3 (3.11 to 3.13) with venv. All set-up happens by itself, once; after that no network is needed.

PYTHON ?= python3
PORT ?= 8000
UV ?= uv

BIN := .venv/bin
LOCKED := .venv/.locked
READY := .venv/.ready
COMPILE := $(UV) pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	--custom-compile-command "make lock"

FRONT_ENDS := widget graphiql
INSTALLED := $(FRONT_ENDS:%=%/node_modules/.installed)
NPM := scripts/with-node npm --silent --no-audit --no-fund

.PHONY: help demo test test-gateway test-widget test-crash test-live bench lint format schema bundles images lock setup \
	postgresql chromium strace clean

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(READY) ## Serve the gateway beside imitated vendors; PORT=8000, 0 takes any free one
	@$(BIN)/gateway demo --port $(PORT)

test: ## Run every test
	@widget=0; $(MAKE) -s test-widget || widget=$$?; $(MAKE) -s test-gateway && exit $$widget

test-gateway: $(READY) postgresql strace ## Run what is written in Python
	@$(BIN)/pytest -n 2 --dist worksteal

test-widget: $(READY) $(INSTALLED) chromium ## Build anew what browsers are served, compare, and try it in a browser
	@$(NPM) --prefix graphiql run check
	@$(NPM) --prefix widget test

test-crash: $(READY) ## Kill the gateway 1,000 times while it takes webhooks in, and see that none is lost
	@$(BIN)/python -m tests.gateway.ingest.crash --cycles 1000

bench: $(READY) $(INSTALLED) chromium ## Measure everything beside peers, where Node is present; writes bench/RESULTS.md
	@if command -v npm >/dev/null; then npm ci --prefix bench/peers --silent --no-audit --no-fund; \
		else echo "Node is missing: peers are left out"; fi
	@$(BIN)/python -m bench.run $(BENCH)
	@$(BIN)/python -m bench.ingest
	@$(NPM) --prefix widget run bench

test-live: $(READY) ## Run the Request Tracker connector against a real one (Debian 12, root)
	@scripts/request-tracker-live

lint: $(READY) ## ruff and mypy --strict
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: $(READY) ## Let ruff mend what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

schema: $(READY) ## Write schema.graphql
	@$(BIN)/gateway schema > .venv/schema.graphql
	@mv .venv/schema.graphql schema.graphql

bundles: $(READY) $(INSTALLED) ## Build what browsers are served
	@$(NPM) --prefix widget run build
	@$(NPM) --prefix graphiql run build

images: $(READY) $(INSTALLED) chromium ## Make the widget's pictures
	@$(NPM) --prefix widget run images

lock: ## Lock what pyproject.toml asks for; needs uv. UPGRADE=--upgrade takes newer versions
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements.txt
	$(COMPILE) $(UPGRADE) --group build -o requirements-build.txt
	$(COMPILE) $(UPGRADE) --group node -o requirements-node.txt
	$(COMPILE) $(UPGRADE) --group dev --extra testing pyproject.toml -c requirements.txt -c requirements-build.txt -o requirements-dev.txt

setup: $(READY) postgresql strace $(INSTALLED) chromium ## Only the set-up

# The wheels are kept, so that the Dockerfile's steps can be tried without network.
$(LOCKED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Setting up .venv, once ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip download -q --disable-pip-version-check --require-hashes -r requirements-dev.txt -d .venv/wheels
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-index --find-links .venv/wheels -r requirements-dev.txt
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q gateway connectors sandbox
	@touch $@

# `npm ci` empties the folder first, so the mark goes with what it stood for.
%/node_modules/.installed: %/package-lock.json | $(LOCKED)
	@echo "Installing what $* is built with, once ..."
	@$(NPM) --prefix $* ci
	@touch $@

postgresql chromium strace:
	@scripts/$@

clean: ## Remove what was set up and what tools left behind
	rm -rf .venv $(FRONT_ENDS:%=%/node_modules) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
