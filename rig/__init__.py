"""spinrig's controller: with what a recipe is made, and how.

`bench` reads what stands in the laboratory, `lines` carries bytes to it, `instruments` speaks each maker's protocol,
`emulators` is the other end of each wire with physics behind it, `simulation` builds a laboratory of them, `safety`
decides what may be on, `engine` runs recipes, `records` keeps what happened, `cli` is the command line. `rig` imports
`recipes`; it never imports `gui` or Qt.
"""
