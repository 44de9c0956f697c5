"""``gepa-core resume``."""

from __future__ import annotations

from gepa_core.cli.options import (
    AsJson,
    Concurrency,
    Dollars,
    Executor,
    Reflections,
    Rollouts,
    RunName,
    Seconds,
    Timeout,
    Tokens,
    given,
    limits,
)


def resume(
    run: RunName,
    *,
    budget: Rollouts = None,
    reflections: Reflections = None,
    tokens: Tokens = None,
    dollars: Dollars = None,
    seconds: Seconds = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    executor: Executor = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a stored run, perhaps with a larger budget.

    Nothing is paid for twice. A limit that is given replaces the stored one. Limits count from the run's
    beginning, but for --seconds, which counts anew.
    """
    from gepa_core.api import RUNS
    from gepa_core.cli import settings
    from gepa_core.cli.execute import carry_out
    from gepa_core.cli.stored import find_run, run_name
    from gepa_core.errors import ConfigurationError

    run_dir = find_run(run, RUNS)
    file = run_dir / settings.FILE
    if not file.exists():
        raise ConfigurationError(
            f"the run in {str(run_dir)!r} was not begun by this command, so it does not say what to run; go"
            f" on with it from Python: optimize(..., run_dir={str(run_dir)!r})"
        )
    options = given(
        budget=limits(budget, reflections, tokens, dollars, seconds),
        execution=given(concurrency=concurrency, timeout=timeout, executor=executor),
    )
    raw = settings.merge(settings.read(file), options)
    made = settings.make(raw, run_dir, str(file))
    carry_out(made, title=f"{made.target} · {run_name(run_dir)}", run_dir=run_dir, as_json=as_json)
