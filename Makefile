# make results   set up the environment and regenerate results and figures; CORES=1 for one core
# make test      set up the environment and run the tests
# make check     linters and the type checker
# make docs      the documentation, into site/
# make test-browser  report and documentation in headless Chromium; pictures in screenshots/
# make test-cluster  the workflow on a one-node SLURM cluster (as root, where it can be installed)
# make gpu-check  on a machine with a GPU: tests, benchmark, and curves beside the CPU's
# make reference  docs/reference from the typed models
# make lock      pin the environment as it is now

PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: results test test-browser docs test-cluster gpu-check check reference lock
.DELETE_ON_ERROR:

results: $(INSTALLED)
	$(BIN)/snakemake --cores $(CORES)

test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile tests/exact tests/trends tests/whole

test-browser: $(INSTALLED)
	MAXGAIN_SCREENSHOTS=screenshots $(BIN)/pytest -rs -n 2 --dist loadfile tests/browser

test-cluster: $(INSTALLED)
	$(BIN)/pytest -rs tests/cluster

gpu-check: $(INSTALLED)
	$(BIN)/python -m benchmarks.gpu_check

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

reference: $(INSTALLED)
	$(BIN)/python -m maxgain.config.reference docs/reference
	$(BIN)/python -m maxgain.stopping.declaration docs/method/stopping.md

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "maxgain needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	# torch first: with it in place nothing else asks for another build of it.
	$(BIN)/pip install --quiet $$(grep '^torch==' requirements.lock)
	$(BIN)/pip install --quiet -r requirements.lock
	$(BIN)/pip install --quiet --no-deps -e .
	touch $@

lock:
	{ sed -n 1p requirements.lock; $(BIN)/pip list --format=freeze \
	  | grep -viE '^(maxgain|pip|setuptools|wheel)==' | sed 's/+[a-z0-9]*$$//' | sort -f; } > requirements.new
	mv requirements.new requirements.lock
