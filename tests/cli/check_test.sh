#!/bin/sh
# ringside check and ringside link as a user calls them, on the cached kernel 6.1: silence and exit
# status 0 where all load, a line a reason and 1 where not, 2 where it cannot be told.
. "$(dirname "$0")/tap.sh"

image=$(image_of 6.1)
if [ -z "$image" ]; then
  skip "check and link" "kernel 6.1 is not in the cache (ringside lab fetch 6.1)"
  finish
fi
tree=$(ls -d "$(dirname "$(dirname "$image")")"/lib/modules/*)
release=$(basename "$tree")
cd "$scratch" || exit 2

silent() { [ ! -s "$scratch/out" ] && [ ! -s "$scratch/err" ]; }
# patched NAME FROM TO: NAME.ko of the tree with one string of equal length in place of another
patched() {
  cp "$(find "$tree" -name "$1.ko")" "$1.ko" && LC_ALL=C sed -i "s/$2/$3/g" "$1.ko"
}

capture "$ringside" check loop ext4 --kernel 6.1
is "modules of the tree load" ended 0
is "and nothing is said" silent
capture "$ringside" check snd-hda-intel --kernel 6.1
is "a name may be written with -" ended 0

capture "$ringside" check --all --kernel 6.1
is "every module of Debian's tree loads" ended 0
is "in silence" silent

capture "$ringside" check ext4 --kernel 6.1 -v
is "-v: who signed it" out_has '^ext4: loads: yes; signed by .* \(sha256\); taints: none$'
is "-v: memory it takes" out_has '^ext4: memory: [0-9]+ bytes, and [0-9]+ until it is initialised'
is "-v: what it needs" out_has '^ext4: needs: .*jbd2'

patched loop misc_register misc_registar
capture "$ringside" check ./loop.ko --kernel 6.1
is "an unresolved symbol: status 1" ended 1
is "one line" [ "$(lines_of out)" -eq 1 ]
is "with the name that was meant" \
  out_has '^\./loop\.ko: unresolved symbol: misc_registar; did you mean misc_register from vmlinux\?$'

patched loop 'SMP preempt mod' 'SMP preemqt mod'
LC_ALL=C sed -i 's/license=GPL/license=BSD/' loop.ko
capture "$ringside" check ./loop.ko --kernel 6.1
is "every reason at once: version magic" out_has 'version magic: .*lacks preempt; has preemqt'
is "every reason at once: GPL-only symbols" out_has 'symbol for GPL modules only: .* from vmlinux'
capture "$ringside" check ./loop.ko --kernel 6.1 -v
is "-v: taints in letters and words" out_has 'taints: P \(proprietary\)'

patched jbd2 'SMP preempt mod' 'SMP preemqt mod'
capture "$ringside" check ext4 --with ./jbd2.ko --kernel 6.1
is "--with: a dependency that does not load" ended 1
is "is named" out_has '^ext4: needs a module that does not load: jbd2; '

for packer in gzip xz zstd; do
  if command -v $packer >/dev/null; then
    $packer -qc "$(find "$tree" -name crc16.ko)" >"crc16.ko.$packer"
    capture "$ringside" check "./crc16.ko.$packer" --kernel 6.1
    is "a module packed by $packer loads" ended 0
  else
    skip "a module packed by $packer loads" "$packer is not installed"
  fi
done

head -c 10000 "$(find "$tree" -name loop.ko)" >short.ko
capture "$ringside" check ./short.ko --kernel 6.1
is "a truncated file: status 1" ended 1
capture "$ringside" check ./missing.ko --kernel 6.1
is "a file that is not there: status 2" ended 2
capture "$ringside" check no-such-module --kernel 6.1
is "a name that is not in the tree: status 2" ended 2
capture "$ringside" check --kernel 6.1
is "nothing to check: status 64" ended 64
capture "$ringside" check loop --kernel no-such-kernel
is "no such kernel: status 2" ended 2
is "in one line" one_line

patched loop misc_register misc_registar
capture "$ringside" check ./loop.ko ext4 --matrix 6.1 "$release"
is "--matrix: status 1" ended 1
is "--matrix: a row a module, a column a kernel" out_has "^ +6\.1 +$release\$"
is "--matrix: the number of reasons" out_has '^\./loop\.ko +1 +1$'
is "--matrix: ok" out_has '^ext4 +ok +ok$'
is "--matrix: reasons below, by kernel" out_has '^6\.1: \./loop\.ko: unresolved symbol: '

capture "$ringside" check ./loop.ko --kernel 6.1 --json
is "--json: status 1" ended 1
is "--json: the stable name of the fault" out_has '"fault": "unresolved-symbol"'
is "--json: the answer" out_has '"loads": "no"'

capture "$ringside" link ext4 --kernel 6.1 --at ext4.core=0xffffffffc0800000 -o image --map
is "link: done" ended 0
is "link: the map says where" out_has '^  section 0xffffffffc0800000 +[0-9]+ +[0-9]+ \.text$'
is "link: dependencies first" [ "$(grep '^module' out | tail -1 | cut -d' ' -f2)" = ext4 ]
region=$(awk '$1 == "module" { name = $2 }
              name == "ext4" && $1 == "region" && $4 == "core" { print $3 }' out)
is "link: an image of the region's size" [ "$(stat -c %s image.ext4.core)" = "$region" ]
cp image.ext4.core first
"$ringside" link ext4 --kernel 6.1 --at ext4.core=0xffffffffc0800000 -o image
is "link: the same bytes again" cmp -s first image.ext4.core
"$ringside" link ext4 --kernel 6.1 --at ext4.core=0xffffffffc0900000 -o image
is "link: other bytes elsewhere" sh -c '! cmp -s first image.ext4.core'
capture "$ringside" link ./loop.ko --kernel 6.1 -o bad
is "link: a module that does not load: status 1" ended 1
is "link: in one line" one_line
is "link: and no image" [ ! -e bad.loop.core ]
capture "$ringside" link loop --kernel 6.1 --at heap=1 -o bad
is "link: a region that is none: status 64" ended 64

finish
