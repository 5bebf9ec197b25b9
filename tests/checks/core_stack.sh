#!/bin/sh
# How much stack a core can need: the deepest call chain of each core, from the call graphs with
# frame sizes that gcc writes (-fcallgraph-info=su), must stay under 1 KiB whichever function it is
# entered by; no recursion, no frame without a bound, no indirect call. Both builds are looked at: for
# user space every core source is compiled once more, with its own flags from compile_commands.json
# (a core together with the cores that it may call); for the kernel, Kbuild has left the graphs beside
# the objects (kernel/base/cxx.mk). "dynamic,bounded" is a bound (gcc aligned a frame); "dynamic" is not.
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

# Prints a shell command for every core source: as it was compiled, but without debug information,
# with a call graph, into $scratch/ROOM-FILE.o.
graph_commands() {
  awk -v out="$scratch" -v root="$source/core/" '
    /^ *"command": "/ {
      command = $0
      sub(/^ *"command": "/, "", command)
      sub(/",? *$/, "", command)
      gsub(/\\"/, "\"", command)
    }
    /^ *"file": "/ {
      file = $0
      sub(/^ *"file": "/, "", file)
      sub(/",? *$/, "", file)
      if (index(file, root) != 1) next
      object = substr(file, length(root) + 1)
      sub(/\.cc$/, ".o", object)
      gsub(/\//, "-", object)
      sub(/ -o [^ ]+/, " -g0 -fcallgraph-info=su -o " out "/" object, command)
      if (!(file in done)) print command
      done[file] = 1
    }' "$build/compile_commands.json"
}

if sanitized; then
  tap_skip 'user-space cores' 'a sanitizer build'
elif [ ! -f "$build/compile_commands.json" ]; then
  tap_fail 'user-space cores' "no compile_commands.json in $build; build with: cmake --preset dev"
else
  graph_commands >"$scratch/commands"
  if ! xargs -P "$(nproc)" -I '{}' sh -c '{}' <"$scratch/commands" >"$scratch/log" 2>&1; then
    tap_fail 'user-space cores' "$(tail -20 "$scratch/log")"
  else
    for core in $(ls "$scratch"/*.ci 2>/dev/null | sed 's,.*/,,; s/-.*//' | sort -u); do
      judge "user-space core/$core" "/core/$core/" "$scratch"/*.ci
    done
  fi
fi

modules=$(find "$build/modules/" -mindepth 2 -maxdepth 2 -type d 2>/dev/null | sort)
[ -n "$modules" ] || tap_skip 'cores in kernel modules' 'no modules were built'
for folder in $modules; do
  graphs=
  for stem in $(kernel_stems); do
    [ ! -f "$folder/$stem.o" ] || graphs="$graphs $folder/$stem.ci"
  done
  [ -z "$graphs" ] || judge "${folder#"$build"/modules/}" '' $graphs
done
tap_end
