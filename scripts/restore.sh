#!/bin/sh
# Restore a backup into an empty database and an empty lake: `DATABASE_URL=… LOOPLINE_LAKE=… scripts/restore.sh FOLDER`.
# Nothing of the installation may run meanwhile. VAULT_KEYS must be those of the installation that was backed up.
set -eu
: "${DATABASE_URL:?set DATABASE_URL to an empty PostgreSQL database}"
: "${LOOPLINE_LAKE:?set LOOPLINE_LAKE to an empty folder}"
from=${1:?which backup?}
[ -e "$from/database.dump" ] || { echo "$from holds no whole backup" >&2; exit 1; }
[ -z "$(ls -A "$LOOPLINE_LAKE" 2>/dev/null)" ] || { echo "$LOOPLINE_LAKE is not empty" >&2; exit 1; }
mkdir -p "$LOOPLINE_LAKE"
pg_restore --exit-on-error --no-owner --single-transaction --dbname="$DATABASE_URL" "$from/database.dump"
tar -C "$LOOPLINE_LAKE" -xf "$from/lake.tar"
echo "restored from $from"
