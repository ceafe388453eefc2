"""Resolves lock/run.txt, lock/gui.txt and lock/test.txt from pyproject.toml.

Each lock file holds names, versions, hashes and markers for Linux, macOS and Windows from Python 3.11 on,
and no host: where packages come from is the business of whoever installs them. The resolver is uv, fetched
into a throw-away environment by the pip at hand; nothing else needs it. Versions already locked stay unless
`--upgrade` is given. The build backend is locked along, so that the package itself can be installed without
a network.

Usage: python scripts/lock.py [--upgrade]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "lock"
HEADER = "# Made from pyproject.toml by `make lock`; not edited by hand.\n"
OLDEST_PYTHON = "3.11"
# The widest first: what it pins constrains the others, so that all three agree on every version.
FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("test.txt", ("gui", "test")),
    ("gui.txt", ("gui",)),
    ("run.txt", ()),
)


def uv_in(folder: Path) -> Path:
    """uv in a fresh environment under `folder`, installed as the user's pip is configured."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "uv>=0.8"], check=True
    )
    return scripts / ("uv.exe" if sys.platform == "win32" else "uv")


def compile_one(uv: Path, name: str, extras: tuple[str, ...], wanted: str, constraint: Path | None) -> None:
    """Resolves one lock file in place; the versions it holds already are kept where they still fit."""
    target = LOCK / name
    command: list[str | Path] = [uv, "pip", "compile", ROOT / "pyproject.toml", "-", "--output-file", target]
    command += ["--universal", "--python-version", OLDEST_PYTHON, "--fork-strategy", "fewest", "--quiet"]
    command += [
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-header",
        "--no-annotate",
    ]
    for extra in extras:
        command += ["--extra", extra]
    if constraint is not None:
        command += ["--constraint", constraint]
    subprocess.run(command, input=wanted, text=True, check=True, cwd=ROOT)
    body = target.read_text(encoding="utf-8")
    if re.search(r"[a-z]+://", body):
        raise SystemExit(f"lock: {name} names a host; not kept that way, look at uv's options")
    target.write_text(HEADER + body, encoding="utf-8")
    print(f"lock: {name}, {len(re.findall(r'^[A-Za-z0-9]', body, flags=re.MULTILINE))} packages")


def main() -> int:
    parser = argparse.ArgumentParser(description="Resolve lock/ from pyproject.toml.")
    parser.add_argument("--upgrade", action="store_true", help="take newer versions where there are any")
    upgrade = parser.parse_args().upgrade
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    LOCK.mkdir(exist_ok=True)
    if upgrade:
        for name, _ in FILES:
            (LOCK / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        uv = uv_in(Path(folder))
        constraint: Path | None = None
        for name, extras in FILES:
            compile_one(uv, name, extras, "\n".join(backend) + "\n", constraint)
            constraint = LOCK / "test.txt"
    return 0


if __name__ == "__main__":
    sys.exit(main())
