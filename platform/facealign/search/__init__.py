"""Search over settings: the file that says what is searched, the study that remembers what was found."""
