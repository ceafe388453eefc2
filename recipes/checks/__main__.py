"""Writes the page of the linter's rules to standard output."""

from __future__ import annotations

import sys

from .page import page

sys.stdout.write(page())
