"""Optimise LangChain apps as they are, with gepa-core."""

from gepa_langchain.adapter import LangChainAdapter

__all__ = ["LangChainAdapter"]
