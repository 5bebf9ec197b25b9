# ringside oops as its users meet it: a pipe, files, quotes, JSON, a kernel from the cache.
. "$(dirname "$0")/tap.sh"

# An invented oops of the release $1; the frames' sizes are those of no real kernel unless given.
invented() { # RELEASE [FRAME]
  cat <<END
[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    1.000000] Oops: 0000 [#1] PREEMPT SMP NOPTI
[    1.000000] CPU: 0 PID: 12 Comm: acmed Tainted: G           OE      $1 #1
[    1.000000] RIP: 0010:acme_run+0x10/0x40 [acme]
[    1.000000] Code: 90 90 <48> 8b 40 18 c3
[    1.000000] Call Trace:
[    1.000000]  <TASK>
[    1.000000]  ${2:-acme_top+0x20/0x80 [acme]}
[    1.000000]  _ZN4acme3runEi+0x1/0x20 [acme]
[    1.000000]  </TASK>
[    1.000000] ---[ end trace 0000000000000000 ]---
END
}
oops_of() { # FILE [OPTIONS...]
  file=$1
  shift
  "$ringside" oops "$@" <"$file" >"$scratch/out" 2>"$scratch/err"
  status=$?
}

{ echo before; invented 6.9.1-acme; printf 'after\r\n\001\377'; } >"$scratch/log"
oops_of "$scratch/log"
is "a report in a pipe: status 0" ended 0
is "its headline is spelled out" out_has '^# ringside: null pointer dereference, Linux 6.9.1-acme, x86_64$'
is "the culprit is named" out_has '^# culprit +acme_run\+0x10/0x40 \[acme\]$'
is "taints are spelled out" out_has '^# tainted .*E: unsigned module was loaded'
is "a C++ name is demangled" out_has '_ZN4acme3runEi.*  # acme::run\(int\)$'
is "the faulting instruction is shown" out_has '^# => +0  48 8b 40 18 +movq 0x18'
is "what is missing is said with what to install" out_has '^# note .*install .*linux-image-6.9.1-acme'
is "no colour but on a terminal" sh -c '! grep -q "$(printf "\033")" "$1"' sh "$scratch/out"
only_adds() {
  LC_ALL=C sed -e '/^# /d' -e 's/  # .*//' "$scratch/out" | cmp -s - "$scratch/log"
}
is "nothing but additions differs from the input" only_adds

printf 'no report\nin here \0\377' >"$scratch/plain"
oops_of "$scratch/plain"
is "without a report: status 1" ended 1
is "and the text byte for byte" cmp -s "$scratch/plain" "$scratch/out"

oops_of "$scratch/log" --only
is "--only leaves out the rest" sh -c '! grep -q -e before -e after "$1"' sh "$scratch/out"

invented 6.9.1-acme | sed 's/^/> > /' >"$scratch/mail"
oops_of "$scratch/mail" --json
is "--json of a quoted mail is one line" [ "$(lines_of out)" -eq 1 ]
is "with kind and architecture" out_has '"kind":"null-dereference","arch":"x86_64"'
print=$(grep -o '"fingerprint":"[0-9a-f]*"' "$scratch/out")
oops_of "$scratch/log" --json
is "quotes do not change the fingerprint" out_has "$print"

i=0
while [ $i -lt 200 ]; do cat "$scratch/log"; echo; i=$((i + 1)); done >"$scratch/many"
oops_of "$scratch/many"
cp "$scratch/out" "$scratch/one-job"
oops_of "$scratch/many" --jobs 4
is "four jobs say the same in the same order" cmp -s "$scratch/one-job" "$scratch/out"
is "of 200 reports" [ "$(grep -c '^# ringside: ' "$scratch/out")" -eq 200 ]

capture "$ringside" oops "$scratch/missing"
is "an input that is not there: status 2, one line" eval 'ended 2 && one_line && err_has "open .*missing"'
capture "$ringside" oops --jobs 0
is "no job is status 64" ended 64

printf 'ffffffff81000000 T _text\nffffffff81000100 T acme_low\nffffffff81000200 T _etext\n' \
  >"$scratch/System.map"
invented 6.9.1-acme '[<ffffffff81000120>]' >"$scratch/numeric"
oops_of "$scratch/numeric" --kernel "$scratch/System.map"
is "--kernel System.map names an address" out_has '\[<ffffffff81000120>\]  # acme_low\+0x20/0x100$'

# A debug file stands for vmlinux: its index is told, and another time taken from the cache.
echo 'void _start(void) {}' >"$scratch/small.c"
gcc -g -nostdlib -static -Wl,--build-id -o "$scratch/small" "$scratch/small.c"
capture "$ringside" oops index "$scratch/small"
is "oops index makes an index" eval 'ended 0 && out_has "^[0-9a-f]{40}.[0-9]+./.*/lines\.v1$"'
is "which is there" [ -s "$(cut -f3 "$scratch/out")" ]
capture "$ringside" oops index nonesuch
is "oops index of what is no kernel: status 2, one line" eval 'ended 2 && one_line'
capture "$ringside" oops index
is "oops index of nothing is status 64" ended 64

# NDJSON to NDJSON.
object() { # NUMBER: an object with a report in its text
  printf '{"id":%s, "text": "before\\n%s", "more":[1.50]}\n' "$1" \
    "$(invented 6.9.1-acme | sed 's/$/\\n/' | tr -d '\n')"
}
filtered() { # FILE [OPTIONS...]
  file=$1
  shift
  "$ringside" oops "$@" filter <"$file" >"$scratch/out" 2>"$scratch/err"
  status=$?
}
{ object 1; echo; echo '{"id":2}'; echo '{"text":"none"}'; object 5; } >"$scratch/objects"
filtered "$scratch/objects"
is "oops filter: status 0 where there are reports" ended 0
is "each object comes out" [ "$(lines_of out)" -eq 4 ]
is "its members stay as they were, reports behind them" \
  out_has '^\{"id":1, "text": "before.*", "more":\[1\.50\],"reports":\[\{"schema":1,"report":1,'
is "one without a text stays" out_has '^\{"id":2\}$'
is "a text without a report has none" out_has '^\{"text":"none","reports":\[\]\}$'
is "reports are counted by object" [ "$(grep -c '"report":1,' "$scratch/out")" -eq 2 ]
mv "$scratch/out" "$scratch/once"
filtered "$scratch/once"
is "what has reports is not given them again" cmp -s "$scratch/once" "$scratch/out"
echo '{"text":"none"}' >"$scratch/none"
filtered "$scratch/none"
is "oops filter without a report: status 1" ended 1
{ object 1; echo '{"text":'; echo '[1]'; object 4; } >"$scratch/broken"
filtered "$scratch/broken"
is "what is no object is said with its line" err_has 'line 2: expected a JSON object; left out$'
is "and left out, with status 2" eval 'ended 2 && [ "$(lines_of out)" -eq 2 ]'
i=0
while [ $i -lt 3000 ]; do object $i; i=$((i + 1)); done >"$scratch/objects"
filtered "$scratch/objects"
mv "$scratch/out" "$scratch/once"
filtered "$scratch/objects" --jobs 4
is "--jobs changes nothing" cmp -s "$scratch/once" "$scratch/out"
PATH="$build:$PATH" "$source/examples/oops-parallel" --block 200k --jobs 2 <"$scratch/objects" \
  >"$scratch/out" 2>"$scratch/err"
is "examples/oops-parallel gives what one process gives" cmp -s "$scratch/once" "$scratch/out"

image=$(image_of 6.1)
if [ -z "$image" ]; then
  skip "a kernel by its release" "kernel 6.1 is not in the cache (ringside lab fetch 6.1)"
  finish
fi
release=$(basename "$image" | sed 's/^vmlinuz-//')
symbol=$("$ringside" ksyms --kernel 6.1 vfs_read | head -1 | sed 's/.*+0x0\/\(.*\)/\1/')
invented "$release" "vfs_read+0x10/$symbol" >"$scratch/real"
oops_of "$scratch/real" --json
is "a kernel is found by its release" out_has "\"symbols\":\"$image\""
is "its symbol is known" out_has '"symbol":"vfs_read","offset":"0x10"[^}]*"resolved":true'
# Types alone: what is left of a kernel whose symbols are nowhere.
id=$("$ringside" kimage 6.1 --json | sed 's/.*"build_id":"\([0-9a-f]*\)".*/\1/')
objcopy --dump-section .BTF="$scratch/btf" \
  "${XDG_CACHE_HOME:-$HOME/.cache}/ringside/index/$id/vmlinux.v1" /dev/null
invented "$release" | sed 's/acme_run+0x10\/0x40 \[acme\]/vfs_read.isra.0+0x10\/0x40/' >"$scratch/typed"
oops_of "$scratch/typed" --kernel "$scratch/btf"
is "BTF alone gives the culprit's prototype" \
  out_has '^# prototype +ssize_t vfs_read\(struct file \*file, char \*buf, size_t count, loff_t \*pos\)$'
is "and says that it has no symbols" out_has '^# note .*btf: has types alone: name an image'
invented "$release" "vfs_read+0x10/0x12345" >"$scratch/other"
oops_of "$scratch/other"
is "a symbol of another size is another kernel's" out_has '^# note +vfs_read: is 0x12345 bytes long'
finish
