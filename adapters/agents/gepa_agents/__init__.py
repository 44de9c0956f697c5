"""Optimise tool-using agents without a framework as they are, with gepa-core."""
