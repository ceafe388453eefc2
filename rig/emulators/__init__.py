"""The other end of each wire: emulated instruments that speak the makers' bytes, with physics behind them.

Each emulator is written from the instrument's sheet, not from our driver, and this package never imports
`rig.instruments`: when both ends agree, two readings of the manual agree. `physics/` holds the models; `rig.simulation`
builds a laboratory out of them.
"""
