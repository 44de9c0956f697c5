"""Adapters of the PyPI package gepa, run under gepa-core unchanged."""
