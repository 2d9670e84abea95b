"""`python -m pm_providers.surfaces.cli`."""

from pm_providers.surfaces.cli import main

main()
