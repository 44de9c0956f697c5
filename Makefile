# Every target makes its own environment in .venv first; nothing else has to be installed.
# PYTHON=python3.12 chooses the interpreter, ARGS="-k frontier -x" adds arguments to the command.

VENV := .venv
BIN := $(VENV)/bin
PROJECTS := pyproject.toml $(wildcard adapters/*/pyproject.toml plugins/*/pyproject.toml)
MEMBERS := $(patsubst %/pyproject.toml,%,$(filter-out pyproject.toml,$(PROJECTS)))

# The environment's own interpreter stays in use until another one is asked for.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for python in $(BIN)/python python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
READY := $(VENV)/.ready-$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint typecheck docs bench constraints clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' Makefile | column -t -s '|' 2>/dev/null || grep '##' Makefile

install: $(READY) ## set up the environment in .venv

$(READY): $(PROJECTS) .ci/constraints.txt .ci/install
	@.ci/install "$(PYTHON)" $(VENV) $(MEMBERS)
	@rm -f $(VENV)/.ready-* && touch $@

demo: $(READY) ## watch a LangChain app get better, against a simulated model
	@$(BIN)/gepa-core demo $(ARGS)

test: $(READY) ## run the tests
	@$(BIN)/pytest -n auto --maxprocesses=4 --dist loadfile $(ARGS)

lint: $(READY) ## check style, import rules and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@.ci/typecheck $(BIN) $(MEMBERS)

typecheck: $(READY) ## check types alone
	@.ci/typecheck $(BIN) $(MEMBERS)

docs: $(READY) ## build the documentation in docs/_site; any warning is an error
	@.ci/docs $(BIN)

bench: $(READY) ## run the benchmarks, beside a peer or a floor
	@$(BIN)/python -m tests.benchmarks $(ARGS)

constraints: $(READY) ## pin the newest versions that fit together in .ci/constraints.txt
	@.ci/pin $(BIN) $(PROJECTS)

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) docs/_site docs/.cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
