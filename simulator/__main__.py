# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m simulator --port PORT --estate FILE`: prints one line with its URL, then serves until stopped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from . import services
from .errors import EstateError
from .pipeline import Cloud
from .server import LIFETIME_SECONDS, LOOPBACK, serve


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 after a normal stop, 2 when the estate, the faults or the address are no good."""
    options = _parser().parse_args(arguments)
    try:
        faults = yaml.safe_load(options.faults.read_text(encoding="utf-8")) if options.faults else []
        cloud = Cloud(options.estate, services.registry(), options.latency, faults or [])
        serve(cloud, options.port, options.lifetime, lambda url: print(f"simulator: {url}", flush=True), options.host)
    except (EstateError, OSError, ValueError, yaml.YAMLError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A loopback Alibaba Cloud.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes any free port")
    parser.add_argument("--host", default=LOOPBACK, help=f"{LOOPBACK} is the only one accepted")
    parser.add_argument("--estate", type=Path, required=True, help="YAML or JSON file")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="what every call takes, in milliseconds")
    parser.add_argument("--faults", type=Path, help="YAML file with a list of faults")
    parser.add_argument(
        "--lifetime", type=float, default=LIFETIME_SECONDS, metavar="SECONDS", help="stop after that long"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
