"""The machinery of settings: YAML → frozen typed objects, registries of names, content digests.

It imports no component; each component's own ``Settings`` stand beside the component.
"""

from facealign.config.digest import digest_file, digest_json
from facealign.config.errors import ConfigError, UserError, printable
from facealign.config.files import open_file
from facealign.config.load import ConfigProblem, check_settings, load_settings, read_yaml
from facealign.config.registry import Registry
from facealign.config.settings import Settings

__all__ = [
    "ConfigError",
    "ConfigProblem",
    "Registry",
    "Settings",
    "UserError",
    "check_settings",
    "digest_file",
    "digest_json",
    "load_settings",
    "open_file",
    "printable",
    "read_yaml",
]
