#!/bin/sh
# How much stack a core can need: the deepest call chain of each core, from the call graphs
# with frame sizes that gcc writes (-fcallgraph-info=su), must stay under 1 KiB whichever
# function it is entered by; no recursion, no frame without a bound, no indirect call. Both
# builds are looked at: for user space every core source is compiled once more, with its
# own flags from compile_commands.json; for the kernel, Kbuild has left the graphs beside the
# objects (kernel/base/cxx.mk). What a core calls in another core counts; memcpy and its like do
# not. gcc's "dynamic,bounded" is a bound (it aligned a frame); "dynamic" is none. No red zone,
# as in the kernel: a leaf's use of it would not be counted.
set -u
. "$(dirname "$0")/tap.sh"
limit=1024

# One case of a set of call graphs: passes with its deepest chain, or fails with every fault.
judge() { # WHAT ENTRY GRAPHS...
  what=$1 entry=$2
  shift 2
  awk -v limit=$limit -v entry="$entry" -f "$checks/stack.awk" "$@" | c++filt -p >"$scratch/verdict"
  worst=$(sed -n 's/^worst \([0-9]*\) .*/\1/p' "$scratch/verdict")
  [ -n "$worst" ] || { tap_fail "$what" 'no function in its call graphs'; return; }
  sed -n 's/^worst /# deepest: /p' "$scratch/verdict"
  tap_verdict "$what: $worst of $limit bytes" "$(sed -n 's/^bad //p' "$scratch/verdict")"
}

# Compiles every core source to $scratch/ROOM-FILE.o and .ci; the compiler's words on stdout.
draw_graphs() {
  awk -v root="$source/core/" -v flags="-g0 -mno-red-zone -fcallgraph-info=su -o $scratch/@.o" \
    -f "$checks/commands.awk" "$build/compile_commands.json" >"$scratch/commands"
  xargs -d '\n' -P "$(nproc)" -I '{}' sh -c '{}' <"$scratch/commands" 2>&1
}

if sanitized; then
  tap_skip 'user-space cores' 'a sanitizer build'
elif [ ! -f "$build/compile_commands.json" ]; then
  tap_fail 'user-space cores' "no compile_commands.json in $build; build with: cmake --preset dev"
elif ! draw_graphs >"$scratch/log"; then
  tap_fail 'user-space cores' "$(tail -20 "$scratch/log")"
else
  for core in $(cd "$source/core" && ls -d */*.cc | sed 's,/.*,,' | uniq); do
    judge "user-space core/$core" "/core/$core/" "$scratch"/*.ci
  done
fi

judge_module() { # MODULE OBJECTS...
  what=$1
  shift
  judge "$what" '' $(printf '%s\n' "$@" | sed 's/\.o$/.ci/')
}
each_module 'cores in kernel modules' judge_module
tap_end
