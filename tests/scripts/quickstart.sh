#!/bin/bash
# Usage: quickstart.sh PROGRAM
# samples/quickstart.sh comes to its end, and shows what it promises.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

output=$("$top/samples/quickstart.sh" "$1" 2>&1) || { echo "$output"; exit 1; }
for line in '+ Create model Book' 'Applying blog.0001_initial... OK' 'blog_book' \
  '~ Rename field title on book to name' 'Unapplying blog.0002_second_edition... OK' \
  ' [ ] 0002_second_edition' 'That was it.'; do
  grep -qF -- "$line" <<<"$output" || { echo "missing: $line"; echo "$output"; exit 1; }
done
# Before the change, after it, after the way back.
(($(grep -c 'Frankenstein  *[02]' <<<"$output") == 2)) || { echo "rows are lost"; echo "$output"; exit 1; }
