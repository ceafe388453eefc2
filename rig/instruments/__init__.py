"""One driver per instrument family, written from its protocol sheet, and the roles they fill (`roles.py`).

A driver reads like its sheet: grammar first, commands below, quirks where they bite. Its test is a list of byte pairs
that one can hold against the manual. `catalog.py` lists what there is.
"""
