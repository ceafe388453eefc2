"""The engine: one scan and one guard for a rig, units with their state machines, runs as cursors over a recipe's steps.

A scan reads, steps, guards, acts and records, and never waits for an instrument (`engine.py`). Phases are small state
objects that say what they want; only the guard's answer reaches a line. `host.py` is the one owner of a rig.
"""
