"""Who is at this computer, by the operating system."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """The name of the user; "unknown" where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
