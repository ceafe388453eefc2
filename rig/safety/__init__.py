"""Conditions, guard, limits, proof: what may be on, decided by pure functions over readings.

This package imports neither the engine nor the instruments, asks nobody for the time and talks to nothing: the same
readings give the same decision. A rule is declared once (`Condition`) and everything that shows it is a view of that.
Software is the second line of protection; the first is the enclosure, the door switch in the supply's enable chain, the
bleed resistor and the earthing stick.
"""
