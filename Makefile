PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo check test lint types evidence evidence-quick torture clean

# One supernet for the embedded digits, five int8 models; about 3 minutes on 2 cores.
demo: $(READY)
	$(BIN)/python -m tofa_tf.run --dataset=digits --labels_per_class=5 --search_space=mcu \
	  --steps=400 --labelled_batch=16 --warmup_steps=20 --seed=0 --workdir=runs/digits \
	  --scenarios="macs=0.5M;macs=1M;macs=2M;macs=4M;flash_kib=96,arena_kib=64"

# What is made once for a file's tests is made in one process; slow files come first, as collected.
PYTEST := $(BIN)/python -m pytest -n 2 --dist=loadfile --no-loadscope-reorder

# The inner loop: what is quick.
check: $(READY) lint types
	$(PYTEST) -m "not slow" tests

test: $(READY) lint types
	$(PYTEST) tests

# Everything that benchmarks/EVIDENCE.md says, measured again: hours. DATA is the folder of image sets,
# DATA_DIR that of tensorflow-datasets. What is finished is kept, an interrupted training goes on.
STUDIES := accuracy_cifar10 accuracy_small accuracy_more teacher individual rules foreign spaces robustness
evidence: $(READY)
	for study in $(STUDIES); do $(BIN)/python -m benchmarks.evidence.run --experiment=$$study \
	  --data=$(DATA) --data_dir=$(DATA_DIR) --output=runs/evidence || exit 1; done
	$(BIN)/python -m benchmarks.evidence.page --results=runs/evidence

# The same code on tiny data: minutes.
evidence-quick: $(READY)
	$(BIN)/python -m benchmarks.evidence.run --experiment=quick --output=runs/evidence-quick
	$(BIN)/python -m benchmarks.evidence.page --results=runs/evidence-quick \
	  --page=runs/evidence-quick/EVIDENCE.md

# Kills, full disks and damaged files for as long as you like: MINUTES=600 KILLS=5000. The same command
# goes on. Full disks need a file system of their own, which `unshare` lets users mount.
MINUTES := 60
KILLS := 50
torture: $(READY)
	unshare --map-root-user --mount $(BIN)/python -m benchmarks.torture.run --kills=$(KILLS) \
	  --minutes=$(MINUTES) --workdir=runs/torture --output=runs/torture_result

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# The pins, and the project itself with its command `tofa`.
$(READY): requirements.txt requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) runs
