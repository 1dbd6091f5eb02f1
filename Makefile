# One command for each thing one does here. Everything runs in .venv, which is made first if it is not there.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: check lint types test mutants fuzz audit bench docs requirements

check: lint types test

.venv: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch .venv

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv
	$(BIN)/mypy

test: .venv
	$(BIN)/pytest -n auto

mutants: .venv
	$(BIN)/python scripts/mutate_rules.py

fuzz: .venv
	$(BIN)/python scripts/fuzz.py --inputs 1000000 --seed 1

# In an environment of its own. First what the index itself says of the pins, then what the advisories say. --strict: a package that nobody
# could look up is a failure, and not a clean bill.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet --upgrade pip pip-audit
	build/audit/bin/pip install --quiet --dry-run --ignore-installed --no-deps --require-hashes --requirement requirements/dev.txt \
	  --report build/audit/report.json
	build/audit/bin/python scripts/audit_pins.py build/audit/report.json
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements/dev.txt

bench: .venv
	$(BIN)/python scripts/benchmark_engine.py

docs: .venv
	$(BIN)/python scripts/document_cli.py
	$(BIN)/python scripts/document_telemetry.py
	$(BIN)/python scripts/write_schema.py

requirements:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml --extra local --extra vendors \
	  --extra bench --extra web --extra ag-ui --extra solver --extra postgres --extra temporal --extra mcp --extra otel --extra metrics \
	  --group dev --output-file requirements/dev.txt --custom-compile-command "make requirements"
