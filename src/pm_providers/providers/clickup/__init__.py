"""ClickUp as a project-management system."""
