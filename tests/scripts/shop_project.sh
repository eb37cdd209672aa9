# For scripts that test samples/shop: a copy of it as the working directory, and a database of its own
# on the server of TURNSTONE_TEST_POSTGRES_URL, which is gone afterwards. Without that on SQLite alone.
# Sets `top`, `folder`, `databases` (what --database takes) and `shop_url`, and gives `fail`, which
# tells the script and `$database`.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script=$(basename "$0")
server=${TURNSTONE_TEST_POSTGRES_URL:-}
name=turnstone_${script%.sh}_$$
folder=$(mktemp -d)
clean_up() {
  [[ -z $server ]] || psql -qX "$server" -c "DROP DATABASE IF EXISTS $name" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap clean_up EXIT
databases=default
shop_url=
if [[ -n $server ]]; then
  databases="default postgresql"
  shop_url=${server/\/postgres\?//$name?}
  psql -qX "$server" -c "CREATE DATABASE $name"
else
  echo "$script: the PostgreSQL half is skipped: TURNSTONE_TEST_POSTGRES_URL is not set"
fi
cp -r "$top/samples/shop" "$folder/shop"
cd "$folder/shop"

fail() { echo "$script: $database: $*"; exit 1; }
