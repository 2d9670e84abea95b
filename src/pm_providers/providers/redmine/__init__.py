"""Redmine, REST API."""
