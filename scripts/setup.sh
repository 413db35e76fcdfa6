#!/bin/sh
# Make .venv and install one lock into it: scripts/setup.sh runtime|dev. Does nothing when nothing has changed.
set -eu
cd "$(dirname "$0")/.."
lock="requirements/$1.lock"
stamp=.venv/.installed-$1

[ -e "$stamp" ] && cmp -s "$lock" "$stamp" && exit 0

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "Loopline needs Python 3.11 or newer. Found: $(python3 --version 2>/dev/null || echo none)."
    say "Install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.11"
    return 1
}

need_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        say "installing $package"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
    else
        say "This Python cannot make virtual environments. Install the missing part: sudo apt-get install $package"
        return 1
    fi
}

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    need_venv "$python"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

say "installing $lock"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes --no-deps -r "$lock"
cp "$lock" "$stamp"
[ "$1" = runtime ] || cp requirements/runtime.lock .venv/.installed-runtime
