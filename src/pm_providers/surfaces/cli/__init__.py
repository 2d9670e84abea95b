"""The command line, `pm-providers` (short: `pmp`). Needs the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_NEEDED = ("typer", "rich")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code, see `pm_providers.surfaces.cli.failures.ExitCode`."""
    try:
        from pm_providers.surfaces.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        sys.stderr.write("error: the command line needs an extra: pip install 'pm-providers[cli]'\n")
        sys.exit(3)
    except KeyboardInterrupt:  # while modules load
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    sys.exit(run(arguments))
