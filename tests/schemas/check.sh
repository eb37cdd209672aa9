#!/bin/bash
# Usage: check.sh SOURCE TEST-PROGRAM-FOLDER
# Lets the tests of readers and commands keep what they read and print, and holds it against the
# JSON Schemas.
set -euo pipefail
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -W ignore -c 'import jsonschema' 2>/dev/null && python=$candidate && break
done
[[ -n $python ]] || {
  echo "SKIPPED: python3-jsonschema is not there"
  exit 0
}
cases=$(mktemp -d)
trap 'rm -rf "$cases"' EXIT
keep() {
  TURNSTONE_SCHEMA_CASES=$cases "$2/test_$1" --no-intro --source-file="$3" >"$cases/log" 2>&1 || {
    cat "$cases/log"
    exit 1
  }
}
keep core "$2" '*core/model_json.cpp'
keep migrations "$2" '*migrations/broken_files.cpp,*migrations/operation_json.cpp'
keep cli "$2" '*cli/project.cpp,*cli/json_output.cpp'
rm "$cases/log"
"$python" "$1/tests/schemas/check.py" "$1" "$cases"
