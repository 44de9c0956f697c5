"""The simulated models behind the OpenAI chat protocol, on loopback."""

from gepa_offline.server.faults import Fault, parse_fault
from gepa_offline.server.serve import OfflineServer, run_server, serve

__all__ = ["Fault", "OfflineServer", "parse_fault", "run_server", "serve"]
