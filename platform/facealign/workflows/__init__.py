"""One module per command: what `facealign` and the pipeline stages run."""
