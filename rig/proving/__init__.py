"""Torture: many runs with generated recipes, rigs, faults, commands and answers, and invariants to hold.

One seed determines one run. `case` is such a run as plain data that can be written down and replayed; `recipes`, `rigs`
and `happenings` generate one, `draw` sees that readers and fit take it; `trial` makes it through `rig.running`;
`invariants` watch the emulators while it goes on; `campaign` makes thousands of them; `shrink` finds out what of a
failing one matters.
"""
