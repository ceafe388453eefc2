"""Phases: what a unit does while a step lasts. Small state objects, not threads and not generators.

At each scan a phase looks at the readings and says what outputs it *requests*; it talks to no instrument. Each declares
what running, holding, restarting, stopping and completing mean for it, and can write down how far it has come.
"""
