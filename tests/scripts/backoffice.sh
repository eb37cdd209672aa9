#!/bin/bash
# Usage: backoffice.sh MANAGE BACKOFFICE
# The program of samples/shop that works with rows, on both databases: an import that is whole or
# nothing, revenue by month, tills that sell at once, and the SQL of it all. Without
# TURNSTONE_TEST_POSTGRES_URL on SQLite alone.
set -euo pipefail
manage=$(realpath "$1")
backoffice=$(realpath "$2")
source "$(dirname "${BASH_SOURCE[0]}")/shop_project.sh"

gives() { # gives TEXT COMMAND…
  local wanted=$1
  shift
  diff -u <(echo "$wanted") <(echo "$("$@" 2>&1)") || fail "\"$*\" gives (+) what is not expected (-)"
}

for database in $databases; do
  unset SHOP_DATABASE_URL
  [[ $database == default ]] || export SHOP_DATABASE_URL=$shop_url
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
