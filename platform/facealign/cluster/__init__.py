"""Everything that knows Ray: sessions, training on many workers.

Importing this package sets Ray's defaults, before any module of it imports Ray.
"""

from facealign.cluster.environment import set_defaults

set_defaults()
