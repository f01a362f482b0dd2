# srlab: `make` alone explains itself. Works from a fresh clone with Python and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# The first Python on the path that the course runs on (3.11 or 3.12).
ALLOWED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
	command -v $$p >/dev/null && $$p -c '$(ALLOWED)' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --disable-pip-version-check --quiet -c constraints.txt
# Threads that wait must not spin long: they would take the cores from others' work.
export GOMP_SPINCOUNT ?= 10000
LAB_ARGS ?=
NB ?=
SETS ?= rows costs speed models nets loading classical degrade perception degraded

.PHONY: help lab fresh test check-style unit notebooks-test browser-test timing-test \
	notebooks slides site bench coverage doctor clean

help: ## this list
	@echo "srlab: super-resolution and image compression, built step by step."
	@echo
	@echo "usage: make COMMAND        (the first one also installs, into $(VENV))"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or 3.12 is needed, and none was found; PYTHON=/path/to/python3.11 names one" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.course: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing the course into $(VENV): about 3.2 GB to download once"
	$(PIP) -e '.[course]'
	@touch $@

$(VENV)/.dev: $(VENV)/.course
	@echo "installing what the tests need"
	$(PIP) -e '.[dev]'
	@touch $@

lab: $(VENV)/.course ## the course in JupyterLab, on your own copies in work/
	$(RUN) tools/work.py open
	$(VENV)/bin/jupyter lab $(shell [ "$$(id -u)" = 0 ] && echo --allow-root) \
		$(LAB_ARGS) work/00_start_here.ipynb

fresh: $(VENV)/.course ## a fresh copy of a notebook beside your own: make fresh NB=01
	$(RUN) tools/work.py fresh $(NB)

doctor: $(VENV)/.course ## what this machine has, and what to do about the rest
	$(RUN) -m srlab doctor

test: check-style unit browser-test timing-test ## the whole suite: package, notebooks, pages

check-style: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(RUN) -m mypy

# One process a core and one thread a process; the notebooks' outputs are compared, and
# conftest.py measures the same runs. It puts the longest first: no reordering here.
unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
		--nbval --nbval-current-env --nbval-cell-timeout 120 \
		--nbval-sanitize-with tests/nbval_sanitize.cfg \
		--ignore tests/browser --ignore tests/benchmarks tests srlab course

# tests/browser/conftest.py keeps the decks of one notebook with one worker.
browser-test: $(VENV)/.dev
	$(RUN) -m pytest -n 2 --dist loadscope tests/browser

# Lines of srlab that tests beside the notebooks reach. Not a part of `test`: it runs the
# same tests once more, a third slower.
coverage: $(VENV)/.dev ## the share of srlab's lines that the tests reach
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q \
		--cov --cov-report term:skip-covered --cov-fail-under 90 \
		--ignore tests/browser --ignore tests/benchmarks \
		--ignore tests/test_course.py --ignore tests/test_rehearsals.py tests srlab

# Speeds are compared alone, when nothing else runs.
timing-test: $(VENV)/.dev
	$(RUN) -m pytest tests/benchmarks

notebooks: $(VENV)/.dev ## rebuild the notebooks from course/source (NB=01 for one)
	$(RUN) tools/notebooks.py build $(NB)
	$(RUN) tools/notebooks.py check $(NB)

slides: $(VENV)/.dev ## offline decks and PDFs in build/slides
	$(RUN) tools/slides.py $(NB)

site: $(VENV)/.dev ## the course book, results and teaching, offline, in build/site
	$(RUN) tools/site.py $(NB)

bench: $(VENV)/.dev ## recompute data/results (needs Set5, Set14, B100) and the speeds
	$(RUN) tools/bench.py $(SETS)

clean: ## remove what was built (never work/, your own copies)
	rm -rf build node_modules .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
