#!/bin/sh
# Back up an installation that is at work: `DATABASE_URL=… LOOPLINE_LAKE=… scripts/backup.sh FOLDER`.
#
# First the database, then the lake. Files of the lake are never changed once a row names them, and they are removed a
# day after nothing does: so whatever the dump names is still there when the lake is copied. What was written to the
# lake after the dump is copied too, and is nobody's; housekeeping removes it.
set -eu
: "${DATABASE_URL:?set DATABASE_URL to the PostgreSQL database}"
: "${LOOPLINE_LAKE:?set LOOPLINE_LAKE to the folder of the lake}"
into=${1:?where to put the backup?}
mkdir -p "$into"
[ ! -e "$into/database.dump" ] || { echo "$into holds a backup already" >&2; exit 1; }
pg_dump --format=custom --no-owner --file="$into/database.part" "$DATABASE_URL"
tar -C "$LOOPLINE_LAKE" --warning=no-file-changed --ignore-failed-read -cf "$into/lake.part" arrivals data \
    || [ $? -eq 1 ] # 1: something came or went meanwhile, which nothing in the dump names
mv "$into/lake.part" "$into/lake.tar"
mv "$into/database.part" "$into/database.dump" # last: a folder with a dump is a whole backup
echo "backed up to $into"
