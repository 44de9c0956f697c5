"""Agents as people write them, none of which knows of the adapter."""
