#!/bin/bash
# Usage: shop.sh MANAGE
# samples/shop with 100,000 rows in it, on both databases: every step forwards, every step back, rows
# compared at each. Without TURNSTONE_TEST_POSTGRES_URL on SQLite alone.
set -euo pipefail
manage=$(realpath "$1")
source "$(dirname "${BASH_SOURCE[0]}")/shop_project.sh"
[[ -z $shop_url ]] || export SHOP_DATABASE_URL=$shop_url

migrate() {
  "$manage" migrate --database "$database" "$@" >"$folder/output" 2>&1 || { cat "$folder/output"; fail "migrate $*"; }
}
sql() {
  if [[ $database == default ]]; then sqlite3 -bail shop.db "$1"; else psql -qAtX -v ON_ERROR_STOP=1 "$SHOP_DATABASE_URL" -c "$1"; fi
}
tables() {
  if [[ $database == default ]]; then
    sql "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name LIKE 'catalog%' OR name LIKE 'customers%' OR name LIKE 'orders%') ORDER BY 1"
  else
    sql "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(catalog|customers|orders)' ORDER BY 1"
  fi
}
columns() {
  if [[ $database == default ]]; then
    sql "SELECT group_concat('\"' || name || '\"', ', ') FROM (SELECT name FROM pragma_table_info('$1') ORDER BY name)"
  else
    sql "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = '$1'::regclass AND attnum > 0 AND NOT attisdropped"
  fi
}
# Every row of every table of the apps, columns by name.
rows() {
  local table list
  for table in $(tables); do
    list=$(columns "$table")
    echo "$table: $list"
    sql "SELECT $list FROM $table ORDER BY id"
  done
}

# numbers COUNT: the start of a query over n(i), 1 to COUNT.
numbers() { echo "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"; }
fill() {
  local uuid="printf('%032x', i)" now="'2026-01-02 03:04:05', '2026-01-02 03:04:05'"
  [[ $database == default ]] || uuid="lpad(to_hex(i), 32, '0')::uuid"
  sql "INSERT INTO catalog_category (id, name) VALUES (1, 'Birds'), (2, 'Stones')"
  sql "INSERT INTO customers_customer (created_at, updated_at, id, name, email, city)
       $(numbers 1000) SELECT $now, i, 'Name ' || i, 'c' || i || '@example.org', 'Town' FROM n"
  sql "INSERT INTO catalog_product (created_at, updated_at, id, name, category_id, price, stock, curator_id)
       $(numbers 500) SELECT $now, i, 'Product ' || i, i % 2 + 1, i % 100 + 0.99, i % 50, i FROM n"
  sql "INSERT INTO orders_order (created_at, updated_at, id, customer_id, status)
       $(numbers 20000) SELECT $now, $uuid, i % 1000 + 1, 'P' FROM n"
  sql "INSERT INTO orders_orderline (id, order_id, product_id, amount, unit_price)
       $(numbers 20000) SELECT 4 * i + k, $uuid, (7 * i + k) % 500 + 1, i % 3 + 1, (7 * i + k) % 100 + 0.99
       FROM n CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS of_four"
  sql "UPDATE customers_customer SET last_order_id =
       (SELECT o.id FROM orders_order AS o WHERE o.customer_id = customers_customer.id ORDER BY o.id DESC LIMIT 1)"
}

"$manage" check
"$manage" makemigrations --check >/dev/null || { echo "shop.sh: the models and the history differ"; exit 1; }

for database in $databases; do
  steps=("orders 0001" "orders 0002" "orders 0003" "orders 0004" "orders 0005" "customers 0003")
  migrate catalog 0002
  migrate customers 0002
  fill
  for i in "${!steps[@]}"; do
    migrate ${steps[i]}
    rows >"$folder/rows-$i"
  done
  (($(sql "SELECT count(*) FROM orders_orderline") == 80000)) || fail "lines are missing"
  (($(sql "SELECT count(*) FROM orders_order AS o WHERE round(total, 2) = (SELECT round(sum(amount * unit_price), 2) FROM orders_orderline WHERE order_id = o.id)") == 20000)) ||
    fail "totals are not those of the lines"
  [[ $("$manage" migrate --database "$database") == *"No migrations to apply"* ]] || fail "something is left to apply"

  migrate customers 0002
  for ((i = 4; i >= 0; --i)); do
    migrate ${steps[i]}
    rows >"$folder/rows-back"
    # At 0002 totals were empty on the way there; the way back does not empty them.
    ((i == 1)) || cmp "$folder/rows-$i" "$folder/rows-back" || fail "rows differ at ${steps[i]}"
  done
  for app in orders customers catalog; do migrate $app zero; done
  [[ -z $(tables) ]] || fail "zero left $(tables)"
done
