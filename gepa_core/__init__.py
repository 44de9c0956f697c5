"""Reflective evolution of the prompts in an AI system: a small engine with hooks."""
