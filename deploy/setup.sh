#!/bin/sh
# Make or refresh .venv so that it holds this project with the extras named in $1 (say "simulator,test").
# Does nothing when neither constraints.txt nor the project's dependencies changed since the last time.
set -eu
cd "$(dirname "$0")/.."
extras=${1:?which extras?}
python=${PYTHON:-python3}
stamp=.venv/setup.stamp

# Ruff's, mypy's and pytest's settings come after [project]; a change there needs no new installation.
wanted=$(sed '/^\[tool\.ruff\]/,$d' pyproject.toml | cat - constraints.txt | cksum)
if [ -f "$stamp" ]; then
    case "$(cat "$stamp")" in
        "$wanted $extras" | "$wanted $extras,"*) exit 0 ;;
    esac
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Tiếng Làng needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 || true). Name another with: make PYTHON=python3.12 ..." >&2
    exit 1
fi
# A .venv that was moved or copied keeps the old place in its scripts and can't be trusted.
if [ -d .venv ] && ! { .venv/bin/pip --version >/dev/null 2>&1; }; then
    rm -rf .venv
fi
echo "Setting up .venv ($extras); the first time takes a minute or two ..."
[ -x .venv/bin/python ] || "$python" -m venv .venv
if ! .venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[$extras]" > .venv/setup.log 2>&1; then
    tail -n 20 .venv/setup.log >&2
    echo "Setting up failed; the whole story is in .venv/setup.log" >&2
    exit 1
fi
echo "$wanted $extras" > "$stamp"
