#!/bin/bash
# Usage: tests/install-packages.sh [EXTRA PACKAGE…]
# Installs what is needed to build and test Turnstone on Debian 12, where it is not there yet.
# Works as root and as a user with sudo, and asks nothing.
set -euo pipefail

wanted=(g++ cmake ninja-build libsqlite3-dev libpq-dev libcli11-dev nlohmann-json3-dev doctest-dev
        libfmt-dev libssl-dev libgraphviz-dev postgresql sqlite3 python3-jsonschema "$@")

command -v dpkg-query >/dev/null || {
  echo "this is not Debian: please install ${wanted[*]}" >&2
  exit 3
}

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* ]] || missing+=("$package")
done
((${#missing[@]} == 0)) && exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "missing: ${missing[*]}; install them as root, or install sudo" >&2
    exit 3
  }
  as_root=(sudo)
fi
echo "installing ${missing[*]}" >&2
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
"${apt[@]}" update >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2
