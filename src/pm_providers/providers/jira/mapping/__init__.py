"""Jira's JSON to records and back. Pure."""
