"""The store of a lab's recipes: a folder of TOML files that is also their history.

`Store` is the way in. A text saved is a *revision* with number, author, time and reason (`tio2-pcnf@3`); it is a draft
until somebody approves its very bytes, and retired recipes stay. Below it, from the outside in: `hand_edits` sees what
was changed without the program; `transaction` makes several commits count at once and finishes what a killed writer
began; `revisions` folds the commits into histories, `messages` writes and reads them; `repository` is git, through
dulwich; `lock` and `files` keep writers apart and files whole. `bundle` carries recipes to another store, `verify`
looks whether everything is as it was saved.
"""

from .errors import Conflict
from .hand_edits import Found, HandEdit
from .revisions import Approval, Kind, Revision, State, Stored
from .store import Store
from .where import store_folder

__all__ = [
    "Approval",
    "Conflict",
    "Found",
    "HandEdit",
    "Kind",
    "Revision",
    "State",
    "Store",
    "Stored",
    "store_folder",
]
