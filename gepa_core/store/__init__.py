"""The run directory: one SQLite database that holds every fact that was paid for.

An outcome or an answer is written, and the transaction committed, before it is used. Outcomes that are
finished in the same turn of the event loop share a transaction (`GroupCommit`). The journal mode is
WAL with ``synchronous=NORMAL``: killing the process loses nothing, and a power cut may lose the last
moments but leaves a consistent database. Every row carries a checksum, and beside the database a file says
how many paid rows there are, so that what was lost or damaged is noticed and not bought again in silence.
"""

from gepa_core.store.layout import FILE, OutcomeKey, outcome_key
from gepa_core.store.recording import GroupCommit
from gepa_core.store.store import Store

__all__ = ["FILE", "GroupCommit", "OutcomeKey", "Store", "outcome_key"]
