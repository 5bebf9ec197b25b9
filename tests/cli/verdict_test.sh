#!/bin/sh
# ringside verdict and ringside new as a user calls them: verdicts by results that are there, what is
# said of those that are missing or malformed, the files that are written, the skeleton.
. "$(dirname "$0")/tap.sh"

results=$source/docs/results
capture "$ringside" verdict html --from "$results"
is "by the documentation's results: status 0, or 2 where some are missing" \
  sh -c '[ "$1" -eq 0 ] || { [ "$1" -eq 2 ] && grep -q "missing:" "$2"; }' sh "$status" "$scratch/out"
for point in performance simplicity 'interface stability' delivery 'blast radius'; do
  is "it has the point: $point" out_has "^  [1-5]\. $point: "
done
is "it recommends a side" out_has '^  Recommendation: (user space|the kernel|either side|open)'
is "and says what would change it" out_has '^  What would change it'
is "a break-even among that" out_has 'break-even at [0-9.,]+ (bytes|KiB)'

capture "$ringside" verdict --all --from "$results" --kernel 6.12 --json "$scratch/json" \
  --html "$scratch/html"
is "every service, one kernel" [ "$(grep -c '^  Recommendation' "$scratch/out")" -eq 7 ]
is "as JSON, with every figure's source" /usr/bin/python3 -c '
import json, sys
verdicts = json.load(open(sys.argv[1]))
figures = [figure for verdict in verdicts for point in verdict["points"] for figure in point["figures"]]
assert len(verdicts) == 7 and figures
for figure in figures:
    assert all(figure[name] for name in ("kernel", "machine", "accelerator", "unit", "command")), figure
' "$scratch/json"
is "as a page" grep -q '<h2 id="html-head">html</h2>' "$scratch/html"

mkdir "$scratch/part"
grep '"service":"html"' "$results/bench.jsonl" >"$scratch/part/html.jsonl"
capture "$ringside" verdict html --from "$scratch/part"
is "a part of the results: status 2" ended 2
is "what is missing is named" out_has 'missing: user glue: no result of its branches'
is "and it stays open" out_has 'Recommendation: open'
head -c 300 "$scratch/part/html.jsonl" >"$scratch/part/cut.jsonl"
capture "$ringside" verdict html --from "$scratch/part"
is "results that are cut off: status 2" ended 2
is "in one line that names file and line" sh -c 'test ! -s "$1/out" && test "$(wc -l <"$1/err")" -eq 1 &&
  grep -q "part/cut.jsonl: line 1: not JSON, or cut off" "$1/err"' sh "$scratch"
sed 's/"unit"/"units"/' "$scratch/part/html.jsonl" >"$scratch/part/cut.jsonl"
capture "$ringside" verdict html --from "$scratch/part/cut.jsonl"
is "a member that is not there is named" err_has 'line 1: no member "unit"'
capture "$ringside" verdict html --from "$scratch/none"
is "results that are not there: status 2" ended 2

capture "$ringside" verdict
is "neither a service nor --all: status 64" ended 64
capture "$ringside" verdict nothing --from "$results"
is "no such service: status 64" ended 64
is "and which there are" err_has 'ksyms, modules, oops, channels, firmware, scsi, html'
capture "$ringside" verdict html --from "$results" --json "$scratch"
is "a file that cannot be written: status 2" ended 2

# A service of one's own: it builds, its tests pass, and it gets a verdict.
cd "$scratch" || exit 2
for name in Digest 9lives a-b "$(printf 'x%.0s' $(seq 40))"; do
  capture "$ringside" new "$name"
  is "new $name: no name, status 64" ended 64
done
capture "$ringside" new digest
is "new digest: status 0" ended 0
is "nothing of the specimen's name is left" sh -c '! grep -rqi specimen digest'
capture "$ringside" new digest
is "once more: status 1, nothing is overwritten" ended 1
if [ -n "$(headers_of 6.1)" ]; then
  # In the guest /tmp is another; the lab shares the folder that it is told.
  capture make -C digest test
  is "its tests pass, those in a guest included" ended 0
  is "both placements agree" out_has '^ok 4097 bytes'
  capture make -C digest bench verdict
  is "it is measured and judged at once" ended 0
  is "by performance, over sizes" out_has 'a digest, 64 KiB +instructions'
  is "and by the symbols that it imports" out_has 'imported symbols over [12] kernels?'
  is "the page is there" [ -s digest/build/verdict.html ]
  if /usr/bin/python3 -c 'import clang.cindex' 2>/dev/null; then
    capture make -C digest glue verdict
    is "its glue is counted" out_has 'glue of [0-9]+ branches in user space, [0-9]+ in the kernel'
  else
    skip "its glue is counted" "python3-clang-14 is not installed"
  fi
else
  skip "a service of one's own in a guest" "no headers of 6.1: ringside lab fetch 6.1"
fi
finish
