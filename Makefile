# Every target runs in .venv, which is made from requirements.lock the first time.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
# by the builder of requirements.build, and not by one that pip would fetch unchecked
BUILT_HERE := --no-build-isolation --use-pep517
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help

.PHONY: help install lock hashes run train evaluate baseline compare leaderboard report predict export demo-page sync data ui serve-tracking archive-runs restore-runs test test-slow test-all reliability fuzz lint check check-next bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: .venv/installed  ## make the environment, .venv, if there is none

.venv/installed: requirements.build requirements.lock requirements.hashes pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fer-exp needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes -r requirements.build
	$(INSTALL) $(BUILT_HERE) --require-hashes -r requirements.hashes
	$(INSTALL) $(BUILT_HERE) -r requirements.lock
	$(INSTALL) $(BUILT_HERE) --no-deps --editable .
	touch $@

lock:  ## pin the versions that .venv has now; needs uv, as `make hashes` does
	@sed -n '/^#/p' requirements.lock > requirements.lock.new
	@$(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//' >> requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@$(MAKE) --no-print-directory hashes

hashes:  ## the hashes of what requirements.lock pins, for every system; needs uv on the PATH
	@sed -n '/^#/p' requirements.hashes > requirements.hashes.new
	@grep -v '^torch==' requirements.lock | uv pip compile - --quiet --universal --python-version 3.11 \
		--no-deps --no-header --no-annotate --generate-hashes >> requirements.hashes.new
	@mv requirements.hashes.new requirements.hashes

run: install  ## a first finding, on synthetic faces: three optimizers, three runs each, and their test scores
	$(BIN)/python train.py study=quick
	$(BIN)/python evaluate.py study=quick baseline=none
	@$(BIN)/python -m fer_exp finding --study quick

train: install  ## one run or sweep: make train ARGS="optimizer=sgd seed=1"
	$(BIN)/python train.py $(ARGS)

evaluate: install  ## open the test split for a run: make evaluate RUN=latest
	$(BIN)/python evaluate.py run=$(or $(RUN),latest) $(ARGS)

# every baseline but RBF SVC, by far the slowest on FER-2013
BASELINE ?= majority,prior,ridge,nearest,svc,hog_ridge,forest

baseline: install  ## fit baselines: make baseline BASELINE=svc ARGS="data=fer2013 data.root=PATH"
	$(BIN)/python evaluate.py -m baseline=$(BASELINE) $(ARGS)

predict: install  ## the emotions of pictures: make predict IMAGE=photo.jpg RUN=latest
	$(if $(IMAGE),,$(error name a picture: make predict IMAGE=photo.jpg))
	$(BIN)/python -m fer_exp predict $(IMAGE) --run $(or $(RUN),latest) $(ARGS)

export: install  ## a run's network as an ONNX file: make export RUN=best ARGS="--output model.onnx --quantise"
	$(BIN)/python -m fer_exp export --run $(or $(RUN),latest) $(ARGS)

demo-page: install  ## a page to try a face, for this machine's browser: make demo-page RUN=best
	$(BIN)/python -m fer_exp demo --run $(or $(RUN),latest) $(ARGS)

compare: install  ## the tables of the newest sweep, or of all: make compare ARGS=--all
	$(BIN)/python -m fer_exp compare $(ARGS)

results: install  ## the tables of docs/results and of the README, anew from the store
	@$(BIN)/python -m fer_exp results README.md docs/results/*.md

leaderboard: install  ## results of others on FER-2013 beside ours
	$(BIN)/python -m fer_exp leaderboard $(ARGS)

report: install  ## one page of all runs: make report ARGS="--lang ko --output page.html"
	$(BIN)/python -m fer_exp report $(ARGS)

sync: install  ## send what runs kept while their MLflow server was away
	$(BIN)/python -m fer_exp sync $(ARGS)

data: install  ## obtain FER-2013 from Kaggle into data/fer2013
	$(BIN)/python -m fer_exp data --download data/fer2013

ui: install  ## the runs in a browser: make ui ARGS="--port 5001 --no-browser"
	@$(BIN)/python -m fer_exp ui $(ARGS)

serve-tracking: install  ## a team's server, with passwords from the environment (docs/team.md)
	@$(BIN)/python -m fer_exp serve $(ARGS)

archive-runs: install  ## keep the runs behind the tables in docs/runs.jsonl.gz: make archive-runs ARGS="--study ladder"
	@$(BIN)/python -m fer_exp archive $(or $(FILE),docs/runs.jsonl.gz) $(ARGS)

restore-runs: install  ## put the runs of docs/runs.jsonl.gz into the store, without their weights
	@$(BIN)/python -m fer_exp restore $(or $(FILE),docs/runs.jsonl.gz) $(ARGS)

# one thread a worker: two on two cores would be in each other's way
test test-slow test-all reliability fuzz: export OMP_NUM_THREADS := 1

# a group of tests that share what takes long to set up goes to one worker
PYTEST := $(BIN)/pytest -n auto --dist loadgroup

# a file goes to one worker: its tests share what is set up once, and none of them is long
test: install  ## the fast tests
	$(PYTEST) --dist loadfile -m "not slow"

test-slow: install  ## the slow ones
	$(PYTEST) -m slow

test-all: install  ## all tests; the real FER-2013 too where FER2013_ROOT names it
	$(PYTEST)

reliability: install  ## try every fault and write docs/reliability.md
	$(PYTEST) -m fault --reliability=docs/reliability.md

fuzz: install  ## search both readers for inputs that end otherwise than in faces or one line: make fuzz SECONDS=60
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[fuzz]"
	$(BIN)/python tests/helpers/fuzz_readers.py csv --seconds $(or $(SECONDS),60)
	$(BIN)/python tests/helpers/fuzz_readers.py images --seconds $(or $(SECONDS),60)

lint: install  ## style, spelling, the layers of imports, and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

check: lint test  ## what CI runs first

# not in CI: it says ahead of time what the next Hydra will break
check-next: install  ## try a small sweep with the next Hydra and OmegaConf, beside the environment
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target .cache/next 'hydra-core==1.4.0rc3' 'omegaconf>=2.4.1rc1,<2.5'
	cd "$$(mktemp -d)" && PYTHONPATH=$(CURDIR)/.cache/next:$(CURDIR) $(CURDIR)/$(BIN)/python $(CURDIR)/train.py \
		-m optimizer=sgd,adam data.n_train=210 data.n_test=42 training.epochs=1 n_jobs=1

bench: install  ## speed of training beside the usual ways: make bench ARGS="--data PATH"
	$(BIN)/python benchmarks/bench_epoch.py $(ARGS)

clean:  ## caches only, never results
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
