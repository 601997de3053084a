"""The one switch between the ordinary run of the tests and the thorough one."""

import os

THOROUGH = os.environ.get("CHAINRULE_THOROUGH", "") not in ("", "0")
