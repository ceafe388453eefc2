"""The physics behind the emulated instruments: what the bench would do, in small models, each with its
source.

`scene` puts a laboratory together from plain data; most readers start there. Liquid: `syringe` (motor,
plunger, liquid, stall), `materials` (what solutions are made of). High voltage: `supply`, `onset` (when a
cone or a corona begins). Jets: `modes` (which mode, and how it fluctuates), `currents`, `spray`, `fibre`,
`jet` (one needle, stepping), `collector` (the sum a meter sees). Air: `chamber`. Chance: `noise`.

All times are integers of ns. Every model answers for the time it is asked for, and its answer does not depend
on how often, or by whom, it is asked. Marks [C], [D], [M] are those of the science sheet: read in the named
source, derived by arithmetic, general knowledge that may drive an emulator and nothing else.
"""
