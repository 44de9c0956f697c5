"""LlamaIndex apps as they are, for gepa-core: engines, retrievers, workflows and agents.

Importing this package does not import LlamaIndex.
"""

from gepa_llamaindex.adapter import LlamaIndexAdapter

__all__ = ["LlamaIndexAdapter"]
