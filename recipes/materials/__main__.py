"""`python -m recipes.materials`: the page docs/materials.md, to standard output."""

import sys

from .page import page

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
sys.stdout.write(page())
