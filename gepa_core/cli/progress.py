"""The observer that shows a run while it is under way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
from rich.console import Console, RenderableType
from rich.live import Live

from gepa_core.cli import live, plain
from gepa_core.cli.stored import simulated_models, spent_before
from gepa_core.cli.watch import Watch
from gepa_core.events import Event, ProposalCommitted, RunStarted
from gepa_core.markers import hookimpl

_FRAMES = 8
"""Drawn per second."""


@attrs.define(eq=False, kw_only=True)
class Progress:
    """Shows progress on a console: a live panel on a terminal, else plain lines.

    Events come from the run's thread while frames are drawn by another, so both take a lock.

    Attributes:
        title: what is optimised.
        watch: the figures.
        simulated: whether they come from the simulated model; found out when that is not said.
    """

    console: Console
    title: str
    watch: Watch
    simulated: bool = False
    _lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)
    _live: Live | None = attrs.field(default=None, init=False)

    @hookimpl
    def gepa_notify(self, event: Event) -> None:
        """Take an event in; write its line where there is no live panel."""
        with self._lock:
            if isinstance(event, RunStarted) and event.resumed:
                self.watch.before = spent_before(Path(event.run_dir))
                self.watch.reflections = self.watch.before.reflections
            self.watch.see(event)
            if isinstance(event, ProposalCommitted) and event.proposal.kind == "seed":
                self._look_for_simulated_models()
            if self._live is None:
                text = plain.line(event, self.watch)
                if text:
                    self.console.print(text, markup=False, soft_wrap=True)

    def _look_for_simulated_models(self) -> None:
        if not self.simulated and self.watch.run is not None:
            self.simulated = bool(simulated_models(Path(self.watch.run.run_dir)))
            if self.simulated and self._live is None:
                self.console.print("note: the model is simulated, and so is every score", markup=False)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show the panel, on a terminal, for as long as the ``with`` block lasts."""
        if not self.console.is_terminal or self.console.is_dumb_terminal:
            yield
            return
        panel = Live(
            get_renderable=self._render, console=self.console, refresh_per_second=_FRAMES, transient=True
        )
        with panel:
            self._live = panel
            try:
                yield
            finally:
                self._live = None

    def stop(self) -> None:
        """Say that the run was interrupted and waits for what is under way."""
        self.watch.stopping = True
        if self._live is None:
            text = "stopping: what is under way may finish; press Ctrl-C again to end at once"
            self.console.print(text, markup=False, soft_wrap=True)

    def abandon(self) -> None:
        """Leave the terminal as it was found, without waiting for anything."""
        self.console.show_cursor(True)
        self.console.print("ended at once; finished rollouts are kept", markup=False)

    def _render(self) -> RenderableType:
        with self._lock:
            # Room for the ^C that a terminal writes at the cursor: on a full line it would begin another.
            width = self.console.width - 3
            return live.render(self.watch, title=self.title, simulated=self.simulated, width=width)
