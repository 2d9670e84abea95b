"""Trello as a project-management system."""
