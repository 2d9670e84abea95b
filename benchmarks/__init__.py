"""Benchmarks, run as modules: some have the name of a client that they import."""
