#!/bin/bash
# Usage: readme.sh PROGRAM
# Runs the session of README.md, the first block marked "console", in an empty folder: each command
# must give what stands below it. Times differ from run to run and are not compared.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work"
ln -s "$(realpath "$1")" "$folder/bin/turnstone"
export PATH="$folder/bin:$PATH" NO_COLOR=1
unset DATABASE_URL

awk '/^```console$/ {inside = 1; next} /^```$/ && inside {exit} inside' "$top/README.md" >"$folder/wanted"
[[ -s $folder/wanted ]] || { echo "README.md has no session"; exit 1; }

cd "$folder/work"
while IFS= read -r line; do
  [[ $line == '$ '* ]] || continue
  printf '%s\n' "$line"
  eval "${line#\$ }" 2>&1 </dev/null
done <"$folder/wanted" >"$folder/given"

without_times() { sed -E 's/\([0-9.]+ ?m?s\)/(TIME)/' "$1"; }
diff -u <(without_times "$folder/wanted") <(without_times "$folder/given") || {
  echo "the session of README.md (-) differs from what really happens (+)"
  exit 1
}
