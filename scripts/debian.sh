#!/usr/bin/env bash
# Sees that what Python packages cannot bring is there, and installs it from Debian where it is missing:
#   debian.sh venv PYTHON   the part of Python that makes virtual environments
#   debian.sh qt PYTHON     the six libraries that Qt loads, offscreen too
# Nothing is asked of apt when all of it is there. Without the right to install: one line that says what to install.
set -euo pipefail
what=$1
python=$2
packages=()

case $what in
venv)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || packages=(python3-venv)
    ;;
qt)
    [ "$(uname -s)" = Linux ] || exit 0
    # Asked of the loader itself, which knows more places than Debian's.
    while read -r library package; do
        "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$library" 2>/dev/null || packages+=("$package")
    done <<'LIBRARIES'
libGL.so.1 libgl1
libEGL.so.1 libegl1
libxkbcommon.so.0 libxkbcommon0
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libglib-2.0.so.0 libglib2.0-0
LIBRARIES
    ;;
*)
    echo "debian.sh: say venv or qt, not '$what'" >&2
    exit 2
    ;;
esac
[ ${#packages[@]} -gt 0 ] || exit 0

ask() {
    echo "set-up: please have these Debian packages installed and run make again: ${packages[*]}" >&2
    exit 2
}

command -v apt-get >/dev/null 2>&1 || ask
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif sudo -n true >/dev/null 2>&1; then
    as_root=(sudo -n)
elif command -v sudo >/dev/null 2>&1 && [ -t 0 ] && [ -t 2 ]; then
    as_root=(sudo) # asks for the password on the terminal
else
    ask
fi

echo "set-up: Debian packages ${packages[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120)
# A list that does not come need not be the one that matters; the installation tells.
"${apt[@]}" update >"$log" 2>&1 </dev/null || true
if ! "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    ask
fi
