"""Trello's records and ours: pure functions."""
