#!/usr/bin/env bash
# Makes the virtual environment: venv.sh FOLDER, with the interpreter named by $PYTHON (python3).
# An environment that works is kept as it is; one that does not (moved, or its interpreter gone) is made anew.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "set-up: no $python here; install Python 3.11 or newer (Debian: apt-get install python3) and run make again" >&2
    exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "set-up: $("$python" --version 2>&1) is too old; Python 3.11 or newer is needed (make PYTHON=python3.12 names another)" >&2
    exit 2
fi

works() { # the environment's own Python runs, is new enough, has pip, and stands where it was made
    [ -x "$venv/bin/python" ] &&
        "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        grep -qF "$PWD/$venv/bin/python" "$venv/bin/pip" 2>/dev/null
}

if works; then
    exit 0
fi
bash "$here/debian.sh" venv "$python"
echo "set-up: environment in $venv ($("$python" --version 2>&1))"
"$python" -m venv --clear "$venv"
