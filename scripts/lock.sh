#!/bin/sh
# Write requirements/*.lock from pyproject.toml: every platform, every hash, no address of any package index.
# Keeps what is locked where it still fits; `sh scripts/lock.sh --upgrade` moves to the newest.
set -eu
cd "$(dirname "$0")/../requirements"
uv=../.venv/bin/uv
[ -x "$uv" ] || ../.venv/bin/python -m pip install --quiet --disable-pip-version-check uv

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url "$@"
}
compile "$@" ../pyproject.toml -o runtime.lock
compile "$@" -c runtime.lock --extra s3 ../pyproject.toml -o image.lock # the image reads buckets, too
compile "$@" -c runtime.lock ../pyproject.toml --group ../pyproject.toml:dev -o dev.lock
# Only what Spark adds: the rest is in the lock that it is installed beside.
compile "$@" -c dev.lock ../pyproject.toml --extra spark -o spark.lock
