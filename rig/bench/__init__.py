"""What stands on the bench, and whether it can make a recipe.

`rigfile` turns a rig file into a `Bench`, `sheet` a run sheet into a `RunSheet`; `answers`, `faults` and
`start` read the other files of a run. `rules` holds what must be true of a rig whatever is made on it,
`reaction` how fast its door switch takes the high voltage away, `assignment` which stream goes through which
pump, and `fit` whether this rig can make that recipe. Everything is plain frozen data and pure functions; no
port is opened here.
"""
