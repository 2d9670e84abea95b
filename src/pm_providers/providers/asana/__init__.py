"""Asana as a project-management system."""
