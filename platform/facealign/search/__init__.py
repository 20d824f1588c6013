"""Search over settings: the search file and the study that records the trials."""
