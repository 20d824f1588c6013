"""The `facealign` command, and the one place where all settings meet."""
