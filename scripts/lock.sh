#!/bin/sh
# Write requirements/*.lock from pyproject.toml: every platform, every hash, no address of any package index.
# Keeps what is locked where it still fits; `sh scripts/lock.sh --upgrade` moves to the newest.
# spark-server.lock names the archive that the tests take Spark from, and is written by hand.
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
# Only what Spark adds: it is installed beside runtime.lock.
compile "$@" -c dev.lock ../pyproject.toml --extra spark -o spark.lock
awk '/^[a-z0-9]/ {name = $1; sub(/==.*/, "", name); if (NR == FNR) there[name] = 1; else keep = !(name in there)}
     NR > FNR && keep' runtime.lock spark.lock > spark.only
mv spark.only spark.lock
