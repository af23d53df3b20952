"""The pages of the dashboard: layout only."""
