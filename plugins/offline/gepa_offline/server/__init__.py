"""The simulated models behind the OpenAI chat protocol, on loopback."""

from gepa_offline.server.serve import OfflineServer, run_server, serve

__all__ = ["OfflineServer", "run_server", "serve"]
