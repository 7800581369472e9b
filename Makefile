# make book    the book, in _build/html/index.html      make book TAU2=DL CI=Wald    the same with other settings
# make test    all tests                                 make chapter NB=notebooks/methods/forest_plot TAU2=DL
# make lint    style, layers, clean notebooks            make clean · make lock · make bench
# make pdf     the book as one PDF, in _build/book.pdf (needs Chromium)
# Settings and their values: book/parameters.yml. Another Python: make book PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
RUN := PYTHONDONTWRITEBYTECODE= $(BIN)/python

.DEFAULT_GOAL := book
.PHONY: book pdf chapter test lint bench lock clean setup

book: setup
	@$(RUN) -m tools

pdf: book
	@$(RUN) -m tools.pdf

chapter: setup
	@$(RUN) -m tools "$(or $(NB),$(error say which chapter: make chapter NB=notebooks/methods/forest_plot))"

test: setup
	@$(RUN) -m pytest -n auto --dist loadscope --no-loadscope-reorder

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(RUN) -m tools.notebooks

bench: setup
	@$(RUN) -m benchmarks

# In an environment of its own, so that the one in use stays as it is.
lock:
	@$(PYTHON) tools/lock.py

clean:
	@rm -rf _build .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage

setup:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install Python 3.11 or newer" \
	  "(Debian: apt install python3 python3-venv), or name one: make book PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed and" \
	  "$(PYTHON) is `$(PYTHON) --version 2>&1`: install one, or name one: make book PYTHON=python3.12" >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is not installed: install it (Debian: apt install git)" >&2; exit 1; }
	@$(PYTHON) tools/setup_env.py
