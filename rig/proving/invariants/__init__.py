"""The invariants of safety rule 11, on their own: what must never be seen at the emulators' end of the wires.

Nothing here knows guard, conditions, engine or drivers: what is watched are the emulated instruments, the contacts and
the bytes; what is promised comes from the rig file's text, the recipe and the rules. From the controller come only its
events (which state it says it is in, whom it asks what), as plain data. `senses` watches the world, `story` the events,
`promises` holds the numbers, `electrical`, `setpoints`, `heat` and `order` are the invariants, `judge` brings them
together.
"""
