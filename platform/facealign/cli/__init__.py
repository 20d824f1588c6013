"""The `facealign` command line."""
