"""The argument parser of all commands: refusals in one sentence with the nearest right word, no abbreviations."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from recipes.toml_text import nearest


class UsageError(Exception):
    """What was typed is not a command; `hint` says what would be."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of ending the process. Options are spelt out: an abbreviation in somebody's script
    would change its meaning with the next option we add.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        keywords.setdefault("allow_abbrev", False)
        keywords.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **keywords)

    @property
    def _words(self) -> str:
        return self.prog.removeprefix("spinrig").strip() or "spinrig"

    def error(self, message: str) -> NoReturn:
        """Refuse."""
        raise UsageError(f"{self._words}: {message}", f'"{self.prog} --help" says how it is used')

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        listed = [str(choice) for choice in action.choices]
        guess = nearest(str(value), listed)
        what = action.metavar if isinstance(action.metavar, str) else "/".join(action.option_strings)
        raise UsageError(
            f'{self._words}: {what or action.dest} cannot be "{value}"',
            f'did you mean "{guess}"?' if guess else f"there are: {', '.join(listed)}",
        )

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments; an unknown option is told its nearest neighbour."""
        parsed, rest = self.parse_known_args(words)
        if rest:
            unknown = next((word for word in rest if word.startswith("-")), rest[0])
            guess = nearest(unknown.partition("=")[0], set(self._options())) if unknown[:1] == "-" else None
            raise UsageError(
                f'{parsed.command}: nothing is known of "{unknown}"',
                f"did you mean {guess}?"
                if guess
                else f'"spinrig {parsed.command} --help" says how it is used',
            )
        return parsed

    def _options(self) -> Iterator[str]:
        for action in self._actions:
            yield from (option for option in action.option_strings if option.startswith("--"))
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser._options()
