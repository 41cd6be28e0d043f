"""The gateway as production starts it (`gateway serve`), over bench/gateway.toml and the plug-in source.

    python -m bench.serve_gateway PORT UPSTREAM [--profile FILE | --sample FILE]

`--profile` writes cProfile's figures, `--sample` stacks taken as CPU time goes by: from SIGUSR1 to SIGINT.
Keys and the secret come from the environment, see `environment`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.data import SOURCES

HERE = Path(__file__).parent
CONFIGURATION = HERE / "gateway.toml"
INSTALLED = HERE / "installed"


def environment(upstream: str, secret: str, key_hashes: Mapping[str, str]) -> dict[str, str]:
    """What bench/gateway.toml leaves open. `key_hashes`: of each key's id."""
    return {
        "BENCH_SECRET": secret,
        **{f"GATEWAY_AUTH__KEYS__{key_id.upper()}__HASHES": digest for key_id, digest in key_hashes.items()},
        **{f"GATEWAY_SOURCES__{name.upper()}__BASE_URL": f"{upstream}/{name}" for name in SOURCES},
    }


def serve(port: str) -> None:
    """On a journal of its own, which goes with it: that reads are recorded is part of what they cost."""
    from gateway.cli import main

    sys.argv = ["gateway", "serve", "--config", str(CONFIGURATION), "--port", port]
    with TemporaryDirectory(prefix="journal-", dir=HERE / "out") as folder:
        os.environ["GATEWAY_STORE__URL"] = f"sqlite:///{folder}/journey.db"
        main()


def main(port: str, upstream: str, measure: str = "", file: str = "") -> None:
    """`upstream` stands in the environment already; it is an argument so that `ps` tells."""
    sys.path.insert(0, str(INSTALLED))
    assert os.environ["GATEWAY_SOURCES__S1__BASE_URL"].startswith(upstream)
    if not measure:
        serve(port)
        return
    from bench.profiling import Counted, Sampler

    with Counted(Path(file)) if measure == "--profile" else Sampler(Path(file)), suppress(SystemExit):
        serve(port)


if __name__ == "__main__":
    main(*sys.argv[1:])
