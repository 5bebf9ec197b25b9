#!/bin/sh
# Every C++ file is as clang-format would write it (.clang-format); `make format` makes it
# so. The files are those that tests/checks/formatted-files lists.
set -u
. "$(dirname "$0")/tap.sh"
cd "$source" || exit 2

if ! command -v clang-format >/dev/null; then
  tap_skip 'clang-format' 'not here: apt-get install clang-format'
  tap_end
fi
"$checks/formatted-files" . >"$scratch/files"
xargs -P "$(nproc)" -n 16 clang-format --dry-run --ferror-limit=0 <"$scratch/files" 2>"$scratch/log"
# One line a file: its first place and how many there are.
faults=$(grep 'clang-format-violations' "$scratch/log" | awk -F: '
  { if (!($1 in count)) { order[++n] = $1; first[$1] = $2 } count[$1]++ }
  END { for (i = 1; i <= n; i++)
          print order[i] ":" first[order[i]] ": the first of " count[order[i]] " places" }' | sort)
tap_verdict "$(wc -l <"$scratch/files") files are formatted" "$faults"
tap_end
