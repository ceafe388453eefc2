"""The Qt binding survives what a window does all day: emitting signals declared in Python.

PySide6-Essentials 6.12.0 takes one reference from `True` at each emission of a Python-defined Signal; under
CPython 3.11 the interpreter dies after some hundreds ("bool_dealloc: deallocating True or False", exit 134).
"""

from __future__ import annotations

import subprocess
import sys

EMIT = """
from PySide6.QtCore import QObject, Signal

class Source(QObject):
    said = Signal(bool)

heard = []
source = Source()
source.said.connect(heard.append)
for _ in range(5000):
    source.said.emit(True)
print(heard.count(True))
"""


def test_five_thousand_signals_leave_the_interpreter_alive() -> None:
    done = subprocess.run([sys.executable, "-c", EMIT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "5000"), done.stderr
