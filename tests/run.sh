#!/bin/bash
# Usage: tests/run.sh [--preset NAME] [CTEST ARGUMENT…]
# Installs missing packages, builds, and runs every test on SQLite and on a private PostgreSQL
# server that lives as long as the run. NAME is a preset of CMakePresets.json, `release` unless
# given; `dev` has sanitizers. Other arguments go to ctest: tests/run.sh -R drivers
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
arguments=()
while (($#)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name}; shift ;;
    --preset=*) preset=${1#*=} ;;
    -h | --help) sed -n '2,5s/^# //p' tests/run.sh; exit 0 ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

tests/install-packages.sh chromium
cmake --preset "$preset" -DTURNSTONE_TESTS=ON
cmake --build --preset "$preset"

# A PostgreSQL server of our own: the distribution's programs, an unprivileged account, a socket in
# a temporary folder, no network. Tests lose nothing when it loses power, so it never waits for disks.
programs=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -1)
programs=${programs%/initdb}
[[ -n $programs ]] || { echo "no PostgreSQL server under /usr/lib/postgresql" >&2; exit 3; }

server=$(mktemp -d /tmp/turnstone-pg.XXXXXX)
as_server=()
if ((EUID == 0)); then
  chown postgres "$server"
  as_server=(runuser -u postgres --)
fi
in_server() { (cd "$server" && "${as_server[@]}" "$@"); }

clean_up() {
  if [[ -e $server/data/postmaster.pid ]]; then
    in_server "$programs/pg_ctl" stop -D "$server/data" -m immediate -s || true
  fi
  rm -rf "$server"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

in_server "$programs/initdb" -D "$server/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
  --no-sync >"$server/initdb.log" 2>&1 || { cat "$server/initdb.log" >&2; exit 3; }
cat >>"$server/data/postgresql.conf" <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$server'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
SETTINGS
in_server "$programs/pg_ctl" start -D "$server/data" -l "$server/log" -w -s ||
  { cat "$server/log" >&2; exit 3; }

export TURNSTONE_TEST_POSTGRES_URL="postgresql://postgres@/postgres?host=$server"
ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure --no-tests=error "${arguments[@]}"
