"""Runs beside each other on one page: ``write.write_comparison`` writes ``report.html`` and its plots."""
