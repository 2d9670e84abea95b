"""One folder for each system; loaded by entry point, never by name."""
