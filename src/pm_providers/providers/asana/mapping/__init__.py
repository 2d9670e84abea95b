"""Asana's records and ours: pure functions."""
