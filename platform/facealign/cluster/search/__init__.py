"""A search on Ray Tune: Tune runs the trials, and the study alone remembers them."""
