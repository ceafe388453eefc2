"""Published recipes that come with the program, one TOML file each, every one with its DOI.
`recipes.catalogue` finds them by id.
"""
