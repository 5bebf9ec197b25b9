#!/bin/sh
# Every public header (include/ringside/) compiles alone, included twice, with nothing of the
# source tree on the path but include/: .h as C11 and C++20, .hh as C++20, by gcc and clang; the
# ABI headers (uapi/) also as the kernel's oldest C, gnu89. tests/unit/uapi_test.cc asserts their
# layouts.
set -u
. "$(dirname "$0")/tap.sh"
cd "$source/include" || exit 2

compilers=gcc
command -v clang >/dev/null && compilers="gcc clang" || tap_skip 'clang' 'no clang here'
strict='-Wall -Wextra -Wpedantic -Werror -fsyntax-only -I.'

# Compiles a unit that holds nothing but the header, twice; the compiler's words on stdout.
alone() { # HEADER COMPILER LANGUAGE FLAGS...
  header=$1
  shift
  extension=$2
  printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$scratch/unit.$extension"
  if [ "$extension" = c ]; then echo 'typedef int not_empty;' >>"$scratch/unit.c"; fi
  compiler=$1
  shift 2
  "$compiler" "$@" "$scratch/unit.$extension" 2>&1
}

for header in $(find ringside -name '*.h' -o -name '*.hh' | sort); do
  faults=
  for compiler in $compilers; do
    driver=$(echo $compiler | sed 's/gcc/g++/; s/clang/clang++/')
    faults=$faults$(alone "$header" $driver cc -std=c++20 $strict)
    case $header in
    *.h) faults=$faults$(alone "$header" $compiler c -std=c11 $strict) ;;
    esac
    case $header in
    */uapi/*)
      kernel_style="-std=gnu89 -Wall -Werror -fsyntax-only -I."
      faults=$faults$(alone "$header" $compiler c $kernel_style)
      ;;
    esac
  done
  tap_verdict "$header" "$faults"
done
tap_end
