"""ClickUp's records and ours: pure functions."""
