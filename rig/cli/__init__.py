"""The command line: `spinrig WORD ...`.

`main` reads the first word, imports that command's module and nothing else, and turns whatever goes wrong into a
sentence and an exit code. A command module exposes `add_parser(subparsers)`, which adds its words and sets
`parser.set_defaults(run=function)`; `function(args)` returns the exit code. `output` is how everything is said:
results go to standard output, problems to standard error. Nothing here decides anything about a run: the work is
done by `recipes`, `rig.bench`, `rig.running` and `rig.records`.

Heavy libraries (pandas, numpy, pyvisa, pyarrow) are imported inside the function that needs them: `spinrig check`
answers in well under half a second.
"""
