# The command as its users meet it: help, answers, bad input, and output that goes nowhere.
. "$(dirname "$0")/tap.sh"

usage() { # COMMAND...: refused with status 64, one line that says where help is
  capture "$@"
  ended 64 && one_line && err_has '^ringside( [a-z]+)*: .*--help'
}
cannot_tell() { # WORDS COMMAND...: status 2, one line that matches WORDS
  words=$1
  shift
  capture "$@"
  ended 2 && one_line && err_has "^ringside [a-z]+: .*$words"
}

help_in_groups() {
  capture "$ringside" --help
  ended 0 && [ ! -s "$scratch/err" ] && out_has '^[A-Z][a-z ]+:$' || return 1
  for command in kimage ksyms lab doctor; do out_has "^  $command +[a-z]" || return 1; done
}
is "--help lists the commands in groups" help_in_groups
help_with_example() {
  capture "$ringside" "$@" --help
  ended 0 && out_has "^Example: .*ringside $*"
}
for command in kimage ksyms check link load unload list place oops html doctor "lab run" \
  "lab session" "lab fetch" "lab list"; do
  is "$command --help has an example" help_with_example $command
done
insmod_help() {
  capture "$build/ringside-insmod" --help
  ended 0 && out_has '^Example: ringside-insmod '
}
is "ringside-insmod --help has an example" insmod_help
insmod_without() {
  capture "$build/ringside-insmod" "$scratch/none.ko"
  ended 2 && one_line && err_has "^ringside-insmod: $scratch/none.ko: "
}
is "ringside-insmod of a file that is not there: one line, status 2" insmod_without
is "--version" eval 'capture "$ringside" --version; ended 0 && out_has "^ringside [0-9]+\.[0-9]"'
is "no command is status 64" usage "$ringside"
is "an unknown command is status 64" usage "$ringside" nonsense
is "an unknown option is status 64" usage "$ringside" ksyms --nonsense
is "an unknown placement is status 64" usage "$ringside" ksyms --placement moon x
is "no module to check is status 64" usage "$ringside" check
is "an offset that is no number is status 64" usage "$ringside" ksyms --kernel 6.1 --offset zz x
is "oops asks for its --kernel though there is no report" \
  cannot_tell 'nonsense: no such kernel' "$ringside" oops --kernel nonsense /dev/null
is "an ELF file that is no kernel: one line, and what is needed" \
  cannot_tell 'a bzImage or vmlinux is needed' "$ringside" kimage "$ringside"

is "a kernel that is not here: one line, and how to fetch it" \
  cannot_tell 'ringside lab fetch 9\.9' "$ringside" ksyms --kernel 9.9 vfs_write
is "an image that is not here: one line with its path" \
  cannot_tell "$scratch/none" "$ringside" kimage "$scratch/none"
echo "not a kernel" >"$scratch/text"
is "a text file as image: one line, and what is needed" \
  cannot_tell "$scratch/text: .*bzImage or vmlinux" "$ringside" kimage "$scratch/text"
: >"$scratch/empty"
is "an empty file as image: one line" \
  cannot_tell "$scratch/empty: " "$ringside" kimage "$scratch/empty"
is "a folder as image: one line" cannot_tell "$scratch" "$ringside" kimage "$scratch"

image=$(image_of 6.1)
if [ -z "$image" ]; then
  skip "look-ups, exports, damaged images, lost output" \
    "kernel 6.1 is not in the cache: ringside lab fetch 6.1"
  finish
fi

head -c 3000000 "$image" >"$scratch/cut"
is "a bzImage that was cut off: one line with expected and found" \
  cannot_tell "$scratch/cut: .*expected .*found" "$ringside" kimage "$scratch/cut"
cp "$image" "$scratch/damaged"
printf 'damage' | dd of="$scratch/damaged" bs=1 seek=4000000 conv=notrunc 2>/dev/null
is "a bzImage whose payload is damaged: one line" \
  cannot_tell "$scratch/damaged: " "$ringside" kimage "$scratch/damaged"

ksyms() { capture "$ringside" ksyms --kernel 6.1 "$@"; }
by_name() {
  ksyms vfs_write
  ended 0 && [ "$(lines_of out)" -eq 1 ] &&
    out_has '^ffffffff[0-9a-f]{8} T vfs_write\+0x0/0x[0-9a-f]+$'
}
is "a name gives its address" by_name
read -r address _ where <<END
$("$ringside" ksyms --kernel 6.1 vfs_write)
END
size=${where#*/}
beyond() { printf 'ffffffff%08x' $((0x${address#ffffffff} + $1)); }  # sh counts to 2^63 only
inside=$(beyond 5)

by_address() {
  for form in "$inside" "0x$inside" "[<$inside>]"; do
    ksyms "$form"
    ended 0 && out_has "^$inside T vfs_write\+0x5/$size$" || return 1
  done
}
is "an address gives its symbol, in every way that it is written" by_address
name_plus() { ksyms vfs_write+0x5/0x10 && ended 0 && out_has "^$inside T vfs_write\+0x5/$size$"; }
is "a name with an offset gives the address inside it" name_plus
returns() { # the address behind the function's last call belongs to the next function
  end=$(beyond $size)
  ksyms --return "$end" && out_has "^$end T vfs_write\+$size/$size$" || return 1
  ksyms "$end" && ended 0 && ! out_has vfs_write
}
is "--return looks up the call before the address" returns
moved() { # --offset with and without 0x, for names and addresses
  run=$(beyond 0x1a000000)
  for offset in 1a000000 0x1a000000; do
    ksyms --offset $offset vfs_write "$run"
    ended 0 && [ "$(grep -c "^$run T vfs_write+0x0/$size$" "$scratch/out")" -eq 2 ] || return 1
  done
}
is "--offset moves names and addresses" moved
shared_name() { # as many lines as kallsyms has symbols of that name
  name=$("$ringside" kimage 6.1 --symbols | awk '{ n[$3]++ } n[$3] == 3 { print $3; exit }')
  ksyms "$name"
  [ -n "$name" ] && ended 0 &&
    [ "$(lines_of out)" -eq "$("$ringside" kimage 6.1 --symbols | grep -c " $name$")" ]
}
is "a name that several symbols bear gives them all" shared_name
unknown() {
  ksyms vfs_write no_such_symbol 0x10
  ended 1 && [ "$(lines_of out)" -eq 3 ] && out_has '^no_such_symbol \?$' && out_has '^0x10 \?$' &&
    [ ! -s "$scratch/err" ]
}
is "what is not found: a question mark, status 1, the others answered" unknown
from_stdin() {
  printf 'vfs_write\n  %s kfree\n\n' "$inside" |
    "$ringside" ksyms --kernel 6.1 >"$scratch/out" 2>"$scratch/err"
  status=$?
  ksyms_out=$(cut -d' ' -f3 "$scratch/out" | cut -d/ -f1 | tr '\n' ' ')
  ended 0 && [ "$ksyms_out" = "vfs_write+0x0 vfs_write+0x5 kfree+0x0 " ]
}
is "questions from stdin are answered in their order" from_stdin
as_they_come() { # a co-process: each answer is there before the next question is asked
  mkfifo "$scratch/questions" "$scratch/answers"
  timeout 20 "$ringside" ksyms --kernel 6.1 <"$scratch/questions" >"$scratch/answers" &
  exec 3>"$scratch/questions" 4<"$scratch/answers"
  for name in vfs_write kfree; do
    echo $name >&3
    read -r answer <&4 || break
  done
  exec 3>&- 4<&-
  wait $!
  case $answer in *" kfree+"*) ;; *) return 1 ;; esac
}
is "questions from a pipe are answered as they come" as_they_come
as_json() {
  ksyms --json "$inside" no_such_symbol
  ended 1 && [ "$(lines_of out)" -eq 2 ] &&
    out_has "\"address\":\"0x$inside\",\"offset\":5,.*\"symbol\":\"vfs_write\"" &&
    out_has '^\{"matches":\[\],"query":"no_such_symbol"\}$'
}
is "--json is one object a question" as_json
bad_offset() {
  ksyms --offset "$1" vfs_write
  ended 64 && one_line && err_has "offset $1: not a hexadecimal number"
}
for offset in zz 0x 12g 11111111111111111; do
  is "--offset $offset is status 64" bad_offset $offset
done

summary() {
  capture "$ringside" kimage 6.1
  ended 0 && out_has '^release +6\.1\.' && out_has '^build_id +[0-9a-f]{40}$' &&
    out_has '^symbols +[0-9]{5,}$' && out_has '^btf_types +[0-9]{5,}$'
}
is "kimage says release, build-id, symbols and types" summary
field() { "$ringside" kimage 6.1 --json | sed "s/.*\"$1\":\([0-9]*\).*/\1/"; }
counts() {
  [ "$("$ringside" kimage 6.1 --exports | wc -l)" -eq "$(field exports)" ] &&
    [ "$("$ringside" kimage 6.1 --symbols | wc -l)" -eq "$(field symbols)" ]
}
is "kimage --exports and --symbols have as many lines as the summary says" counts
symvers=$(headers_of 6.1)/Module.symvers
as_symvers() { # the headers' own Module.symvers is the oracle: CRC, name, provider, type
  awk -F '\t' '$3 == "vmlinux"' "$symvers" | sort >"$scratch/symvers"
  "$ringside" kimage 6.1 --exports | sort >"$scratch/exports"
  diff "$scratch/exports" "$scratch/symvers" >"$scratch/out"
}
if [ -r "$symvers" ]; then
  is "kimage --exports is what Debian's Module.symvers says of vmlinux" as_symvers
else
  skip "kimage --exports beside Debian's Module.symvers" "no $symvers: ringside lab fetch 6.1"
fi
build_id=$("$ringside" kimage 6.1 --json | sed 's/.*"build_id":"\([^"]*\)".*/\1/')
vmlinux=$(find "${XDG_CACHE_HOME:-$HOME/.cache}/ringside/index/$build_id" -name 'vmlinux.v*')
same_as_vmlinux() {
  "$ringside" kimage 6.1 >"$scratch/bzimage"
  cp "$vmlinux" "$scratch/vmlinux"
  capture "$ringside" kimage "$scratch/vmlinux"
  ended 0 && cmp "$scratch/out" "$scratch/bzimage" &&
    capture "$ringside" ksyms --kernel "$scratch/vmlinux" vfs_write && out_has "^$address T"
}
if [ -n "$vmlinux" ]; then
  is "a vmlinux serves as well as its bzImage" same_as_vmlinux
else
  skip "a vmlinux serves as well as its bzImage" "none in the cache"
fi

# Output that nobody takes.
head_closes() { # by SIGPIPE, or by one line where that is ignored; never by more
  "$ringside" kimage 6.1 --symbols 2>"$scratch/err" | head -1 >"$scratch/out"
  [ ! -s "$scratch/err" ] && [ "$(lines_of out)" -eq 1 ] || return 1
  (trap '' PIPE && "$ringside" kimage 6.1 --symbols 2>"$scratch/err"; echo $? >"$scratch/status") |
    head -1 >/dev/null
  [ "$(cat "$scratch/status")" -eq 2 ] && [ "$(lines_of err)" -eq 1 ] && err_has 'Broken pipe'
}
is "a reader that leaves (head -1) ends it quietly" head_closes
full() {
  "$ringside" "$@" >/dev/full 2>"$scratch/err"
  status=$?
  : >"$scratch/out"
  ended 2 && one_line && err_has '^ringside: .*No space left'
}
for words in --help "kimage 6.1" "kimage 6.1 --symbols" "ksyms --kernel 6.1 vfs_write" \
  "lab list"; do
  is "$words on a full disk: one line, status 2" full $words
done

# Before the cache there was an image: neither command may need the one to read the other.
without_cache() {
  capture env XDG_CACHE_HOME=/proc/nope "$ringside" ksyms --kernel "$(image_of 6.1)" vfs_write
  ended 0 && out_has ' T vfs_write'
}
is "a cache that cannot be written costs the answer nothing" without_cache

damaged_cache() { # both files of the index cut short: made again, and nobody is blamed
  image=$(image_of 6.1)
  capture env XDG_CACHE_HOME="$scratch/cache" "$ringside" ksyms --kernel "$image" vfs_write
  for file in "$scratch"/cache/ringside/index/*/vmlinux.v1 "$scratch"/cache/ringside/index/*/ksyms.v*; do
    truncate -s 5000 "$file" || return 1
  done
  capture env XDG_CACHE_HOME="$scratch/cache" "$ringside" ksyms --kernel "$image" vfs_write
  ended 0 && out_has ' T vfs_write' && [ ! -s "$scratch/err" ]
}
is "a damaged cache is made again" damaged_cache
by_modules_folder() {
  capture "$ringside" kimage "$(dirname "$(image_of 6.1)")/../lib/modules/$(basename "$(image_of 6.1)" |
    sed 's/^vmlinuz-//')"
  ended 0 && out_has '^symbols +94'
}
is "a kernel by its /lib/modules/RELEASE" by_modules_folder
not_found() {
  capture "$ringside" ksyms --kernel 6.1 "$1"
  ended 1 && out_has ' \?$'
}
for word in vfs_write+16 vfs_write+0xzz; do is "$word is no offset" not_found $word; done
finish
