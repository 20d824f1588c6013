"""Prepares a published data set as shards: inspect, plan, crop, check, report."""
