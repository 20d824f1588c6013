"""A search to be looked at: plots, a page, a list of trials, a live table.

``write.write_report`` writes all files; ``live.search_progress`` is the display.
"""
