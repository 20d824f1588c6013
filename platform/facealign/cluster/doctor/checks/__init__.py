"""One file for each thing that is checked; its function registers itself."""
