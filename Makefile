# Everything runs in .venv, which `make setup` builds from pyproject.toml at the versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= auto

.PHONY: help setup redmine demo test lint format check bench matrix constraints clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

setup: $(STAMP) ## make .venv with all that is needed

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,testing]' --group dev
	@touch $@

demo: setup ## run the main job and the same calls on every system, against sandboxes
	$(BIN)/pm-providers demo

redmine: setup ## install Redmine for its tests, where that is possible
	@if [ "$$PM_TEST_REDMINE" = no ]; then echo "Redmine: switched off by PM_TEST_REDMINE=no"; \
	elif [ -n "$$PM_TEST_REDMINE_URL" ]; then echo "Redmine: the server of PM_TEST_REDMINE_URL"; \
	else $(BIN)/python scripts/redmine-server prepare || echo "Redmine: its tests will skip or say why"; fi

# Without compiled files each worker, and each program that a test starts, would compile all modules again.
test: setup redmine ## run the tests
	env -u PYTHONDONTWRITEBYTECODE CI=$${CI:-1} $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: setup ## check style, types, import layers, generated tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pm_providers.service.matrix --check README.md docs/capabilities.md

format: setup ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

check: lint test ## what CI runs

bench: setup ## run the benchmarks, about half an hour
	$(BIN)/python benchmarks/internal.py
	$(BIN)/python -m benchmarks.jira
	$(BIN)/python -m benchmarks.clickup
	$(BIN)/python -m benchmarks.asana
	$(BIN)/python -m benchmarks.trello
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.sync_large

matrix: setup ## write the generated tables anew
	$(BIN)/python -m pm_providers.service.matrix --write README.md docs/capabilities.md

constraints: setup ## pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check | LC_ALL=C sort -f > constraints.txt

clean: ## remove everything that is made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
