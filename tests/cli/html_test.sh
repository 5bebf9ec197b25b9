#!/bin/sh
# ringside html as a user calls it: a page for people, --raw, every way of reading, what it refuses;
# and its characters beside those of html5lib.
. "$(dirname "$0")/tap.sh"

page=$scratch/page.html
printf '<!DOCTYPE html><title>t</title><h1>A &amp; B</h1>\n<p>one\n two<p>x&notin;y<pre>\n a  b</pre>' >"$page"
capture "$ringside" html "$page"
is "done: status 0" ended 0
printf 'A & B\n\none two\n\nx∉y\n\n a  b\n' >"$scratch/wanted"
is "a page for people" cmp -s "$scratch/wanted" "$scratch/out"
capture "$ringside" html --raw "$page"
printf 'tA & B\none\n twox∉y\n a  b' >"$scratch/wanted"
is "--raw: the tokenizer's characters" cmp -s "$scratch/wanted" "$scratch/out"

i=0
while [ $i -lt 3000 ]; do cat "$page"; i=$((i + 1)); done >"$scratch/large.html"
"$ringside" html --raw "$scratch/large.html" >"$scratch/read"
for way in read mmap uring; do
  "$ringside" html --raw --in=$way "$scratch/large.html" >"$scratch/text"
  is "--in=$way: the same text" cmp -s "$scratch/read" "$scratch/text"
  "$ringside" html --raw --in=$way - <"$scratch/large.html" >"$scratch/text"
  is "--in=$way: from standard input" cmp -s "$scratch/read" "$scratch/text"
done
for way in read uring; do
  cat "$scratch/large.html" | "$ringside" html --raw --in=$way >"$scratch/text"
  is "--in=$way: from a pipe" cmp -s "$scratch/read" "$scratch/text"
done
cat "$page" | "$ringside" html --in=mmap >"$scratch/out" 2>"$scratch/err"
status=$?
is "--in=mmap: a pipe is refused: status 2" ended 2
is "in one line" one_line

capture "$ringside" html "$scratch/missing"
is "a file that is not there: status 2" ended 2
is "in one line" one_line
capture "$ringside" html "$scratch"
is "a folder: status 2" ended 2
capture "$ringside" html --in=tape "$page"
is "an unknown way: status 64" ended 64
capture "$ringside" html --in=read --placement=kernel "$page"
is "--in with the kernel placement: status 64" ended 64
if [ -e /dev/ringside-html ]; then
  capture "$ringside" html --raw --placement=kernel "$page"
  is "--placement=kernel: the same text" cmp -s "$scratch/wanted" "$scratch/out"
else
  capture "$ringside" html --placement=kernel "$page"
  is "--placement=kernel without the module: status 2" ended 2
  is "and what to do" err_has 'insmod ringside_html\.ko'
fi
"$ringside" html "$scratch/large.html" >/dev/full 2>"$scratch/err"
status=$?
: >"$scratch/out"
is "a full disk: status 2" ended 2
is "in one line" one_line

# The oracle follows the whole tree; ours differs only where docs/html.md says so, which this seed
# does not touch.
if /usr/bin/python3 -c 'import html5lib' 2>/dev/null; then
  capture /usr/bin/python3 "$(dirname "$0")/html_oracle.py" "$ringside" 400 6
  is "the characters of 400 documents are html5lib's" ended 0
else
  skip "the characters of 400 documents are html5lib's" "python3-html5lib is not installed"
fi
finish
