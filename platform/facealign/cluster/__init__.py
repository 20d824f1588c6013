"""Everything that knows Ray: sessions, training on many workers."""
