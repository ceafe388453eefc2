"""Where a bench meets the emulators: the emulated laboratory of a rig file, its faults, and serving it to others.

`rig.emulators` knows no rig file and `rig.bench` knows no emulator; this package builds the one from the other. The
laboratory and the controller are two objects on one scheduler, so that a controller can die and another one start on
the same laboratory.
"""
