#!/bin/bash
# Usage: samples/quickstart.sh [PROGRAM]
# The main job from an empty folder to a rollback, on SQLite, with every command shown.
# PROGRAM is a turnstone that is built already; without it, missing Debian packages are installed
# (as root or through sudo) and it is built into build/release.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

program=${1:-}
if [[ -z $program ]]; then
  "$top/tests/install-packages.sh"
  echo "Building Turnstone into build/release; the first time takes two or three minutes."
  (cd "$top" && cmake --preset release >/dev/null && cmake --build --preset release --target turnstone)
  program=$top/build/release/cli/turnstone
fi
program=$(realpath "$program")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset DATABASE_URL

bold='' plain=''
[[ -t 1 && -z ${NO_COLOR:-} ]] && bold=$'\e[1m' plain=$'\e[0m'
say() { printf '\n%s\n' "$*"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }
turnstone() { show "turnstone $*"; "$program" "$@"; }
sql() { show "sqlite3 db.sqlite3 \"$1\""; sqlite3 -header -column db.sqlite3 "$1"; }
models() { show "cat > blog/models.json"; tee blog/models.json; }

say "A project is a folder with turnstone.json, one folder for each app, and models in it."
turnstone init blog

say "Models say what there should be. Names and options are Django's."
models <<'END'
{
  "models": [
    {
      "name": "Author",
      "fields": [{"name": "name", "type": "CharField", "max_length": 100}]
    },
    {
      "name": "Book",
      "fields": [
        {"name": "title", "type": "CharField", "max_length": 200, "db_index": true},
        {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"}
      ]
    }
  ]
}
END

say "makemigrations writes down how to get there, as a file for your repository."
turnstone makemigrations
show "cat blog/migrations/0001_initial.json"
cat blog/migrations/0001_initial.json

say "migrate does it: in one transaction, together with the row that records it."
turnstone migrate
sql "SELECT name AS tables_made FROM sqlite_schema WHERE type = 'table' AND name LIKE 'blog%'"

say "Now there are rows."
sql "INSERT INTO blog_author (name) VALUES ('Jane Austen'), ('Mary Shelley')"
sql "INSERT INTO blog_book (title, author_id) VALUES ('Emma', 1), ('Frankenstein', 2)"

say "The models change: a field gets another name, one is new and required, no author twice."
models <<'END'
{
  "models": [
    {
      "name": "Author",
      "fields": [{"name": "name", "type": "CharField", "max_length": 100, "unique": true}]
    },
    {
      "name": "Book",
      "fields": [
        {"name": "name", "type": "CharField", "max_length": 200, "db_index": true},
        {"name": "author", "type": "ForeignKey", "to": "Author", "on_delete": "CASCADE"},
        {"name": "pages", "type": "IntegerField"}
      ]
    }
  ]
}
END

say "Is it a new name, or another column? What do old books get? On a terminal Turnstone asks; a script
answers beforehand. It never guesses where rows could be lost."
turnstone makemigrations --name second_edition --rename blog.Book.title:name --default blog.Book.pages=0

say "The SQL, before it runs."
turnstone sqlmigrate blog 0002

say "It runs, and every row is still there."
turnstone migrate
sql "SELECT * FROM blog_book"

say "And back: the old columns, the same rows."
turnstone migrate blog 0001
sql "SELECT * FROM blog_book"
turnstone showmigrations

say "That was it. All of it happened in a temporary folder, which is gone now.
The program is $program
Begin your own project with \"turnstone init APP\"; \"turnstone COMMAND --help\" has examples."
