#!/bin/sh
# The report in headless Chromium (tests/verdict/browser.py): it renders, loads nothing, has names for
# who cannot see it, and fits a phone and paper.
. "$(dirname "$0")/tap.sh"

browser=$(command -v chromium)
if [ -z "$browser" ]; then
  skip "the report in a browser" "chromium is not installed"
  finish
fi
"$ringside" verdict --all --from "$source/docs/results" --html "$scratch/page.html" >/dev/null 2>&1
/usr/bin/python3 "$source/tests/verdict/browser.py" "$browser" "$scratch/page.html" >"$scratch/checks" 2>&1
ended_with=$?
while IFS= read -r line; do
  case $line in
    'ok '*) pass "${line#ok }" ;;
    'not ok '*) fail "${line#not ok }" ;;
    *) echo "# $line" ;;
  esac
done <"$scratch/checks"
is "all checks were made" [ "$(grep -c '^ok\|^not ok' "$scratch/checks")" -eq 12 ]
is "and the browser ended well" [ "$ended_with" -eq 0 ]
finish
