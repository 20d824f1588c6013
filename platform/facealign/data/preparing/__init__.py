"""From a published data set to shards: look, plan, cut, check, report."""
