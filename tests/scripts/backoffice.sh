#!/bin/bash
# Usage: backoffice.sh MANAGE BACKOFFICE
# The program of samples/shop that works with rows, on both databases: an import that is whole or
# nothing, revenue by month, tills that sell at once, and the SQL of it all. Without
# TURNSTONE_TEST_POSTGRES_URL on SQLite alone.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
manage=$(realpath "$1")
backoffice=$(realpath "$2")
server=${TURNSTONE_TEST_POSTGRES_URL:-}
name=turnstone_backoffice_$$
folder=$(mktemp -d)
clean_up() {
  [[ -z $server ]] || psql -qX "$server" -c "DROP DATABASE IF EXISTS $name" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap clean_up EXIT
databases=default
if [[ -n $server ]]; then
  databases="default postgresql"
  psql -qX "$server" -c "CREATE DATABASE $name"
else
  echo "backoffice.sh: the PostgreSQL half is skipped: TURNSTONE_TEST_POSTGRES_URL is not set"
fi
cp -r "$top/samples/shop" "$folder/shop"
cd "$folder/shop"

fail() { echo "backoffice.sh: $database: $*"; exit 1; }
gives() { # gives TEXT COMMAND…
  local wanted=$1
  shift
  diff -u <(echo "$wanted") <(echo "$("$@" 2>&1)") || fail "\"$*\" gives (+) what is not expected (-)"
}

for database in $databases; do
  unset SHOP_DATABASE_URL
  [[ $database == default ]] || export SHOP_DATABASE_URL=${server/\/postgres\?//$name?}
  "$manage" migrate -v 0 --database "$database"

  # A line that cannot be used: nothing of the file is kept.
  { cat orders.csv; echo "A-6,eve@example.org,Eve,Birds,Wren,4.755,1,2026-04-01"; } >bad.csv
  if "$backoffice" import bad.csv >output 2>&1; then fail "a price of 4.755 was taken"; fi
  grep -q "has more than 2 digits behind the point (orders.OrderLine.unit_price)\|has more than 2 digits behind the point (orders.Order.total)" output ||
    { cat output; fail "the message does not name the field"; }
  gives "" "$backoffice" revenue

  gives "5 orders with 6 lines" "$backoffice" import orders.csv
  gives "2026-01  2 orders  50.00
2026-02  1 orders  14.25
2026-03  2 orders  52.00" "$backoffice" revenue

  # 8 tills want 10 each, and there are 40.
  "$backoffice" deliver Pebble 40
  gives "40 sold, 0 left" "$backoffice" sell Pebble 8 10
  gives "0 sold, 0 left" "$backoffice" sell Pebble 2 1
  if "$backoffice" deliver Feather 1 2>output; then fail "an unknown product was delivered"; fi
  grep -q "there is no product Feather" output || fail "the unknown product is not named"

  "$backoffice" deliver Flint 1
  "$backoffice" --sql sell Flint 1 1 >output
  grep -q '^-- BEGIN' output || fail "--sql shows no BEGIN"
  grep -q '^-- UPDATE "catalog_product" SET "stock" = ' output || fail "--sql shows no UPDATE"
  if [[ $database == postgresql ]]; then
    grep -q '^-- SELECT .* FOR UPDATE' output || fail "--sql shows no lock"
  fi
  grep -q '^1 sold, 0 left$' output || fail "the last flint was not sold"
done
