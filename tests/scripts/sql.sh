#!/bin/bash
# Usage: sql.sh PROGRAM
# samples/blog by migrate, by the text of sqlmigrate and by migrate --sql, with rows in it, forwards
# and back: what is shown must do what is done.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r "$top/samples/blog" "$folder/blog"
cd "$folder/blog"

fail() { echo "sql.sh: $*"; exit 1; }
# Everything in a database but times and progress.
picture() {
  sqlite3 "$1.db" .dump | grep -v '"turnstone_\|turnstone_migrations\|turnstone_journal' | sort
  sqlite3 "$1.db" "SELECT app, name, digest FROM turnstone_migrations ORDER BY app, name"
}
same() {
  picture migrate >"$folder/wanted"
  for way in shown script; do
    picture $way >"$folder/found"
    diff -u "$folder/wanted" "$folder/found" || fail "$way differs $1"
  done
}
on() { DATABASE_URL="sqlite:///$1.db" "$program" "${@:2}"; }
by_migrate() { on migrate migrate blog "$1" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }; }
by_script() {
  on script migrate blog "$1" --sql >"$folder/plan.sql"
  local time
  for time in 1 2; do
    sqlite3 -init /dev/null script.db <"$folder/plan.sql" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
  done
}
by_shown() {
  on shown sqlmigrate blog "$@" >"$folder/shown.sql"
  sqlite3 -init /dev/null -bail shown.db <"$folder/shown.sql" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
}

for database in migrate shown script; do on $database migrate blog 0001 >/dev/null; done
same "at 0001"
for database in migrate shown script; do
  sqlite3 $database.db "INSERT INTO blog_author (name, mail) VALUES ('Ada', 'ada@example.org'), ('Bob', 'bob@example.org');
    INSERT INTO blog_post (head, body, author_id, stars) VALUES ('One', 'b1', 1, 3), ('Two', 'it''s', 2, 0)"
done
steps=(0001 0002 0003 0004 0005 0006 0007 0008 0009 0010)
for step in "${steps[@]:1}"; do
  by_migrate "$step"
  by_script "$step"
  by_shown "$step"
  same "at $step"
done
for ((i = 8; i >= 0; --i)); do
  by_migrate "${steps[i]}"
  by_script "${steps[i]}"
  by_shown "${steps[i + 1]}" --backwards
  same "back at ${steps[i]}"
done
ls turnstone-*.sql 2>/dev/null && fail "a script left a file"
exit 0
