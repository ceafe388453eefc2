# Set-up and the commands of the README. Everything goes into .venv; stamp files in it say what is done,
# so that a second make touches no network. The steps hang on one another in a single chain, because two
# pips must not write into one environment at a time (make -j).

PYTHON ?= python3
WORKERS ?= 2
RUNS ?= 2000
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# The packages' own configuration of the user's pip says where they come from; nothing here does.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --quiet --require-hashes --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help demo test gui lint bench torture mutants lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    set up (no Qt) and run the founding recipe on the emulated rig"
	@echo "make test    set up everything and run every test (ARGS='-k pump' passes on to pytest)"
	@echo "make torture 2,000 generated runs with faults, against the safety invariants (RUNS=N)"
	@echo "make mutants deliberate breakages, each of which the tests have to find; writes docs/mutants.md"
	@echo "make lint    ruff, mypy --strict, the import rules"
	@echo "make lock    resolve lock/ anew (UPGRADE=1 takes newer versions)"
	@echo "make clean   remove the environment and what was built"

demo: $(VENV)/.package
	@$(BIN)/spinrig run tio2-pcnf --yes

test: $(VENV)/.test $(VENV)/.qt-libraries
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy recipes rig
	@$(BIN)/lint-imports --no-logo

gui:
	@echo "make gui: the window is not built yet; 'make demo' runs the rig without one." >&2; exit 2

# The times that safety hangs on, measured on the emulated rig in virtual time and over ptys.
bench: $(VENV)/.test
	@$(BIN)/python -m benchmarks.spine_proofs
	@$(BIN)/python -m benchmarks.abort_trials
	@$(BIN)/python -m benchmarks.door_trials

# Replay files of failing seeds go into build/.
torture: $(VENV)/.package
	@$(BIN)/spinrig torture --runs $(RUNS) --processes 2 --out build/torture

# Breaks the program in each of the ways of tests/mutants/ and looks whether the tests find it.
mutants: $(VENV)/.test
	@$(BIN)/python -m tests.mutants --page docs/mutants.md

lock: $(VENV)/.package
	@$(BIN)/python scripts/lock.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# An environment remembers where it stood: its scripts and the link to this tree hold the path.
ifneq ($(wildcard $(VENV)/.made),)
ifneq ($(shell cat $(VENV)/.made),$(CURDIR))
$(VENV)/.made: moved
.PHONY: moved
moved: ; @echo "set-up: the tree has moved; making its environment anew"
endif
endif

$(VENV)/.made: scripts/venv.sh scripts/debian.sh
	@PYTHON='$(PYTHON)' bash scripts/venv.sh $(VENV)
	@printf '%s\n' '$(CURDIR)' > $@

$(VENV)/.run: lock/run.txt $(VENV)/.made
	@echo "set-up: packages to run (lock/run.txt)"
	@$(INSTALL) -r lock/run.txt
	@touch $@

$(VENV)/.package: pyproject.toml $(VENV)/.run
	@echo "set-up: spinrig itself, from this tree"
	@$(PIP) install --quiet --quiet --no-index --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.test: lock/test.txt $(VENV)/.package
	@echo "set-up: packages to test, Qt among them (lock/test.txt)"
	@$(INSTALL) -r lock/test.txt
	@touch $@

$(VENV)/.qt-libraries: scripts/debian.sh $(VENV)/.made
	@bash scripts/debian.sh qt $(BIN)/python
	@touch $@
