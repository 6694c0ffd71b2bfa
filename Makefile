# Two commands do everything: `make run` and `make test`. They need git, make and Python >= 3.11.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The user's own uv where there is one; otherwise one in a small environment of its own.
UV := $(shell command -v uv || echo .uv/bin/uv)
ARGS ?= --test basic

define CHECK_PYTHON
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Python >= 3.11 is needed: install one, or name it with make PYTHON=/path/to/python3" >&2; exit 3; }
endef

export ELOQUENCE_UV := $(abspath $(UV))

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: $(INSTALLED) ## Run the main job; ARGS="…" goes to the eloquence command
	@$(BIN)/eloquence $(ARGS)

.PHONY: test
test: $(INSTALLED) ## Run the whole test suite, real servers included
	@$(BIN)/eloquence prepare
	@$(BIN)/pytest -n 2 --dist loadscope

.PHONY: test-browser
test-browser: $(INSTALLED) ## Look at a run's pages in a headless Chromium, which has to be installed
	@$(BIN)/eloquence prepare
	@$(BIN)/pytest -m browser

.PHONY: screenshots
screenshots: $(INSTALLED) ## The same, and write what is seen into docs/screenshots/
	@$(BIN)/eloquence prepare
	@$(BIN)/pytest -m browser --screenshots docs/screenshots

.PHONY: check
check: $(INSTALLED) ## Format, lint, types, layers and unit tests, in a little over a minute
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-types check-units

.PHONY: check-types
check-types: $(INSTALLED)
	@$(BIN)/pyright --warnings
	@$(BIN)/lint-imports --no-logo

# Each worker computes with one thread: four on two cores wait for each other.
.PHONY: check-units
check-units: $(INSTALLED)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -m unit -n 2 --dist loadfile \
		--hypothesis-profile quick tests/unit tests/golden

.PHONY: format
format: $(INSTALLED) ## Put the code into its usual form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: bench
bench: $(INSTALLED) ## Measure set-up, start, overhead, load and store; takes about 30 minutes on a quiet machine
	@$(BIN)/python -m benchmarks.first_report
	@$(BIN)/eloquence prepare
	@$(BIN)/python -m benchmarks.load
	@$(BIN)/python -m benchmarks.costs

.PHONY: calibrate
calibrate: $(INSTALLED) ## Compare the instrument with known truth: docs/accuracy.md; 15 minutes on a quiet machine
	@$(BIN)/eloquence prepare
	@$(BIN)/python -m calibration

.PHONY: schema
schema: $(INSTALLED) ## Write the JSON schemas of results.json, config.json and load cells into docs/
	@$(BIN)/python -c 'import json; from eloquence_pipeline.models import ScenarioResult; \
		print(json.dumps(ScenarioResult.json_schema(), indent=2, ensure_ascii=False))' > docs/results.schema.json
	@$(BIN)/python -c 'import json; from eloquence_pipeline.models.load_cells import ShareFigures; \
		print(json.dumps(ShareFigures.json_schema(), indent=2, ensure_ascii=False))' > docs/load-cell.schema.json
	@$(BIN)/eloquence config --schema > docs/config.schema.json

.PHONY: lock
lock: $(UV) ## Resolve the dependencies anew into requirements.lock, which names no host
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--extra dev --upgrade pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove the environment; results and caches of the user stay
	@rm -rf $(VENV) .uv .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(INSTALLED): requirements.lock pyproject.toml | $(UV)
	@echo "… installing into $(VENV)"
	@$(CHECK_PYTHON)
	@test -x $(BIN)/python || $(UV) venv --quiet --no-python-downloads --python "$$(command -v $(PYTHON))" $(VENV)
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

.uv/bin/uv: requirements-uv.lock
	@echo "… getting uv"
	@$(CHECK_PYTHON)
	@$(PYTHON) -m venv .uv || { \
		echo "$(PYTHON) has no venv module: install it (Debian: python3-venv) or put uv on PATH" >&2; exit 3; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@
