#!/bin/sh
# ringside firmware as a user calls it, as far as nothing is answered: that is for guests
# (tests/guest/firmware). What it does not accept, in one line, before it serves anything.
. "$(dirname "$0")/tap.sh"

refuses() { # STATUS PATTERN
  ended "$1" && one_line && err_has "$2"
}
sum=$(printf bytes | sha256sum | cut -c1-64)

capture "$ringside" firmware
is "without a subcommand: status 64" refuses 64 subcommand
capture "$ringside" firmware serve --manifest "$scratch/none"
is "a manifest that is not there: status 64" refuses 64 'does not exist'
capture "$ringside" firmware serve --timeout soon
is "a timeout that is no number: status 64" refuses 64 timeout
capture "$ringside" firmware serve file
is "a word too many: status 64" refuses 64 file

printf '%s  a\n%s  ../b\n' "$sum" "$sum" >"$scratch/manifest"
capture "$ringside" firmware serve --manifest "$scratch/manifest"
is "a manifest with a name that leads out: status 2, and its line" refuses 2 'manifest: line 2: '
printf '%s  a\n%s' "$sum" "$sum" | cut -c1-60 >"$scratch/manifest"
capture "$ringside" firmware serve --manifest "$scratch/manifest"
is "a manifest that is cut short: status 2" refuses 2 'line 1: .*sha256sum'
printf '%s  a\n%s  a\n' "$sum" "$(printf x | sha256sum | cut -c1-64)" >"$scratch/manifest"
capture "$ringside" firmware serve --manifest "$scratch/manifest"
is "a name with two sums: status 2" refuses 2 'a is listed twice'

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && [ -d /sys/class/firmware ]; then
  cp "$ringside" "$scratch/ringside"
  chmod 755 "$scratch"
  capture setpriv --reuid 65534 --clear-groups "$scratch/ringside" firmware serve
  is "not root: status 2" refuses 2 'only root'
else
  skip "not root: status 2" "needs root, setpriv and a kernel with firmware loading"
fi
finish
