"""Local folders and buckets: opening, atomic writes, locks, cache, URIs."""
