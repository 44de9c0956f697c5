"""Starting and stopping the server: in the background of this process, or as a program."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from gepa_offline.model import REFLECTION_MODEL, TASK_MODEL, SimulatedModel
from gepa_offline.server.faults import as_faults

if TYPE_CHECKING:
    import uvicorn

    from gepa_offline.server.faults import Fault
    from gepa_offline.server.injector import FaultInjector
    from gepa_offline.server.stats import RequestRecord, Stats

_PATIENCE = 10.0


@attrs.frozen(kw_only=True)
class OfflineServer:
    """A running server.

    Attributes:
        base_url: what OpenAI clients take as ``base_url``: ``"http://127.0.0.1:<port>/v1"``.
    """

    base_url: str
    _stats: Stats
    _injector: FaultInjector

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What goes wrong at present."""
        return self._injector.faults

    def set_faults(self, *faults: Fault | str) -> None:
        """Let these faults happen from now on, and no others; none at all lets everything work again.

        Raises:
            ValueError: one of them makes no sense; nothing is changed.
        """
        self._injector.set(as_faults(faults))

    @contextlib.contextmanager
    def failing(self, *faults: Fault | str) -> Iterator[None]:
        """Let these faults happen for as long as the ``with`` block lasts, and then those of before."""
        before = self.faults
        self.set_faults(*faults)
        try:
            yield
        finally:
            self.set_faults(*before)

    def stats(self) -> dict[str, Any]:
        """The counts so far, as ``GET /stats`` gives them (see `gepa_offline.server.stats.Stats`)."""
        return self._stats.snapshot()

    def requests(self) -> list[RequestRecord]:
        """The request log; empty unless it was switched on."""
        return self._stats.records()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address.

    Raises:
        ValueError: ``host`` is not loopback.
        OSError: the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f"the offline model answers on loopback only, not on {host!r}; "
            "use '127.0.0.1', '::1' or 'localhost'"
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named. With it an answer's body waits
    # for the client's acknowledgement of its head, which clients delay by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


def _make_server(
    model: SimulatedModel,
    task_latency: float,
    reflection_latency: float,
    stats: Stats,
    injector: FaultInjector,
) -> uvicorn.Server:
    from gepa_offline.server.app import ChatService
    from gepa_offline.server.closing import make_server

    for name, seconds in (("task_latency", task_latency), ("reflection_latency", reflection_latency)):
        if seconds < 0:
            raise ValueError(f"{name} is in seconds and cannot be {seconds!r}")
    latency = {TASK_MODEL: task_latency, REFLECTION_MODEL: reflection_latency}
    return make_server(ChatService(model=model, stats=stats, latency=latency, faults=injector))


@contextlib.contextmanager
def serve(
    *,
    seed: int = 0,
    model: SimulatedModel | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    task_latency: float = 0.0,
    reflection_latency: float = 0.0,
    log_requests: bool = False,
    faults: Iterable[Fault | str] = (),
) -> Iterator[OfflineServer]:
    """Serve the simulated models from a background thread, for as long as the ``with`` block lasts.

    Args:
        seed: the seed of the simulated models.
        model: the models themselves, where their rates are to differ; ``seed`` is then not used.
        host: a loopback address.
        port: 0 takes a free one.
        task_latency: seconds from a request to the task model's answer.
        reflection_latency: the same for the reflection model.
        log_requests: keep a record of each request, and log a line to ``gepa_offline.server``.
        faults: what goes wrong from the beginning: each a `Fault`, or spelled as `parse_fault` reads it.

    Raises:
        ValueError: the host is not loopback, a latency is negative, or a fault makes no sense.
        OSError: the port is taken.
    """
    from gepa_offline.server.injector import FaultInjector
    from gepa_offline.server.stats import Stats

    model = model or SimulatedModel(seed=seed)
    stats, injector = Stats(log_requests=log_requests), FaultInjector(model.seed, as_faults(faults))
    server = _make_server(model, task_latency, reflection_latency, stats, injector)
    with _listen(host, port) as listener:
        # The socket listens already: a client that comes before the loop runs waits in the backlog.
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="gepa-offline", daemon=True
        )
        thread.start()
        try:
            yield OfflineServer(base_url=_base_url(listener), stats=stats, injector=injector)
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)


def run_server(
    host: str = "127.0.0.1",
    port: int = 8321,
    seed: int = 0,
    *,
    model: SimulatedModel | None = None,
    task_latency: float = 0.0,
    reflection_latency: float = 0.0,
    log_requests: bool = False,
    faults: Iterable[Fault | str] = (),
    on_start: Callable[[OfflineServer], None] | None = None,
) -> None:
    """Serve the simulated models until the process is interrupted (Ctrl-C or SIGTERM).

    Args:
        host: a loopback address.
        port: 0 takes a free one.
        seed: the seed of the simulated models.
        model: the models themselves, where their rates are to differ; ``seed`` is then not used.
        task_latency: seconds from a request to the task model's answer.
        reflection_latency: the same for the reflection model.
        log_requests: keep a record of each request, and log a line to ``gepa_offline.server``.
        faults: what goes wrong from the beginning, see `Fault`.
        on_start: called with the server once it listens, to say where.

    Raises:
        ValueError: the host is not loopback, or a latency is negative.
        OSError: the port is taken.
    """
    from gepa_offline.server.injector import FaultInjector
    from gepa_offline.server.stats import Stats

    model = model or SimulatedModel(seed=seed)
    stats, injector = Stats(log_requests=log_requests), FaultInjector(model.seed, as_faults(faults))
    server = _make_server(model, task_latency, reflection_latency, stats, injector)
    with _listen(host, port) as listener:
        if on_start is not None:
            on_start(OfflineServer(base_url=_base_url(listener), stats=stats, injector=injector))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
