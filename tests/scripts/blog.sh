#!/bin/bash
# Usage: blog.sh PROGRAM
# samples/blog with rows in it: every step forwards, every step back, rows compared at each.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r "$top/samples/blog" "$folder/blog"
cd "$folder/blog"
unset DATABASE_URL

fail() { echo "blog.sh: $*"; exit 1; }
migrate() { "$program" migrate blog "$1" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }; }
sql() { sqlite3 blog.db "$1"; }
# Every row of every table of the app, columns by name: what must survive.
rows() {
  local table columns
  for table in $(sql "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'blog_%' ORDER BY name"); do
    columns=$(sql "SELECT group_concat('\"' || name || '\"', ', ') FROM (SELECT name FROM pragma_table_info('$table') ORDER BY name)")
    echo "$table: $columns"
    sql "SELECT $columns FROM $table ORDER BY id"
  done
}

"$program" check || fail "check found something"
"$program" makemigrations --check || fail "the models and the history differ"

migrate 0001
sql "INSERT INTO blog_author (name, mail) VALUES ('Ada', 'ada@example.org'), ('Bob', 'bob@example.org')"
sql "INSERT INTO blog_post (head, body, author_id, stars) VALUES ('One', 'b1', 1, 3), ('Two', 'b2', 1, 0), ('One', 'it''s', 2, 5)"
steps=(0001 0002 0003 0004 0005 0006 0007 0008 0009 0010)
for step in "${steps[@]}"; do
  migrate "$step"
  rows >"$folder/rows-$step"
done
(($(sql "SELECT count(*) FROM blog_post WHERE language = 'en'") == 3)) || fail "the one-off default is not in the rows"
[[ $(sql "SELECT group_concat(mail) FROM (SELECT mail FROM blog_profile ORDER BY author_id)") == ada@example.org,bob@example.org ]] ||
  fail "addresses did not move"
sql "INSERT INTO blog_post (title, body, author_id, stars, language) VALUES ('X', '', 1, 9, 'en')" 2>/dev/null &&
  fail "nine stars were accepted"

for ((i = 8; i >= 0; --i)); do
  step=${steps[i]}
  migrate "$step"
  rows >"$folder/rows-back"
  # At 0009 the column that was dropped is there again, and empty: undoing 0009 itself fills it.
  [[ $step == 0009 ]] || diff -u "$folder/rows-$step" "$folder/rows-back" || fail "rows differ at $step"
done
migrate zero
[[ -z $(sql "SELECT name FROM sqlite_schema WHERE name LIKE 'blog_%'") ]] || fail "zero left something"
