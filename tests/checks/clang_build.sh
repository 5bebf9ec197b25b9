#!/bin/sh
# User space with clang too: every source of compile_commands.json goes through clang's front
# end (-fsyntax-only: parsing, templates, all warnings of -Wall -Wextra -Werror) with its own
# flags. No code is generated: a second optimised build of everything would cost CI twice as much
# and find little else. `cmake --preset clang` is that build for whoever wants it, and the asan
# preset runs the tests as clang compiled them. Objects for the kernel are g++'s alone.
set -u
. "$(dirname "$0")/tap.sh"

if ! command -v clang++ >/dev/null; then
  tap_skip 'clang front end' 'no clang++ here: apt-get install clang'
  tap_end
fi
if [ ! -f "$build/compile_commands.json" ]; then
  tap_fail 'clang front end' "no compile_commands.json in $build; build with: cmake --preset dev"
  tap_end
fi

awk -v root="$source/" -v compiler=clang++ -v flags=-fsyntax-only -f "$checks/commands.awk" \
  "$build/compile_commands.json" | grep -v -e ' -mcmodel=kernel ' >"$scratch/commands"
sources=$(wc -l <"$scratch/commands")
# Each command writes to a file of its own, so that two compilers' lines do not mix.
awk -v out="$scratch" '{ print $0 " >" out "/" NR ".log 2>&1" }' \
  "$scratch/commands" >"$scratch/each"
if [ "$sources" -gt 0 ] && xargs -d '\n' -P "$(nproc)" -I '{}' sh -c '{}' <"$scratch/each"; then
  tap_ok "clang front end accepts $sources sources ($(clang++ -dumpversion))"
else
  tap_fail "clang front end accepts $sources sources" \
    "$(cat "$scratch"/*.log | grep -E '(error|warning|fatal).*:|error:' | sort -u | head -40)"
fi
tap_end
