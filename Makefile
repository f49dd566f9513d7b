# Two commands matter: `make run` and `make test`. `make help` lists the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: run test check bench docs messages format lock clean help

VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard translations/*/LC_MESSAGES/messages.po)
WORKERS ?= 2

run: $(VENV)/.stamp-run $(VENV)/.stamp-words  ## start everything with the demo; Ctrl-C ends it
	@$(BIN)/mentor-school up --demo --sandbox

test: $(VENV)/.stamp-test $(VENV)/.stamp-words  ## run the whole suite, with real databases and a browser
	@dev/browser
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: $(VENV)/.stamp-test $(VENV)/.stamp-words  ## lint, types, import walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.stamp-test $(VENV)/.stamp-words  ## measure, print a table, write bench/results.json
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.stamp-test $(VENV)/.stamp-words  ## run the examples of the docs
	$(BIN)/python -m pytest tests/docs $(ARGS)

messages: $(VENV)/.stamp-test  ## collect new sentences into the catalogues
	$(BIN)/pybabel -q extract -F translations/babel.cfg -k N_ -k _l --no-location --sort-output \
		--project mentor-school --no-wrap -o translations/messages.pot .
	for locale in ru en; do $(BIN)/pybabel -q update -i translations/messages.pot \
		-d translations -l $$locale --no-fuzzy-matching --ignore-obsolete --no-wrap; done

format: $(VENV)/.stamp-test  ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.stamp-test  ## pin what pyproject.toml asks for, keeping the pins that still fit
	$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml --group test -o requirements-test.txt

clean:  ## remove what was installed; the data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

$(VENV)/bin/python:
	dev/venv $(VENV)

# What the tests need holds what running needs, at the same versions: the later install wins.
$(VENV)/.stamp-run: requirements.txt pyproject.toml | $(VENV)/bin/python
	test -e $(VENV)/.stamp-test -a $(VENV)/.stamp-test -nt requirements.txt || \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	dev/install $(BIN)/python
	touch $@

$(VENV)/.stamp-test: requirements-test.txt requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-test.txt
	dev/install $(BIN)/python
	touch $@ $(VENV)/.stamp-run

$(VENV)/.stamp-words: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m server.words.compile --incomplete 2>/dev/null
	touch $@
