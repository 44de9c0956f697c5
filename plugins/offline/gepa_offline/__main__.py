"""``python -m gepa_offline``: serve the simulated models until interrupted."""

from __future__ import annotations

import argparse
import logging

from gepa_offline.server import Fault, OfflineServer, parse_fault, run_server


def _say(server: OfflineServer) -> None:
    print(f"simulated models at {server.base_url} (any key will do); stop with Ctrl-C", flush=True)


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(argv: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m gepa_offline", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8321, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="changes every random draw")
    parser.add_argument("--task-latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--reflection-latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--log-requests", action="store_true", help="a line for each request")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="KIND[,NAME=VALUE...]",
        help="something that goes wrong, such as 503,rate=0.1 or hang,model=simulated-task; may be repeated",
    )
    args = parser.parse_args(argv)
    if args.log_requests:
        logging.basicConfig(level=logging.INFO, format="%(message)s")
    run_server(
        args.host,
        args.port,
        args.seed,
        task_latency=args.task_latency,
        reflection_latency=args.reflection_latency,
        log_requests=args.log_requests,
        faults=args.fault,
        on_start=_say,
    )


if __name__ == "__main__":
    main()
