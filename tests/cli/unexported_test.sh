#!/bin/sh
# check and link --unexported, with modules of ours for 6.1 and 6.12 (tests/lab/unexported, which
# may be bound to its own kernel and to no other, and tests/lab/refused, which has a function for
# each reason why not).
. "$(dirname "$0")/tap.sh"
cd "$scratch" || exit 2

# refused FAULT PATTERN: exactly one line of the last output matches.
refused() { is "$kernel: $1" [ "$(grep -Ec -e "$2" "$scratch/out")" -eq 1 ]; }

for pair in "6.1 6.12" "6.12 6.1"; do
  kernel=${pair% *} other=${pair#* }
  release=$(release_of "$kernel")
  modules=$build/modules/$release
  if [ -z "$release" ] || [ -z "$(image_of "$other")" ] || [ ! -e "$modules/ringside_refused.ko" ]; then
    skip "unexported functions of $kernel" "no kernels $pair in the cache, or make modules has not run"
    continue
  fi
  module=$modules/ringside_unexported.ko

  capture "$ringside" check "$module" --kernel "$kernel"
  is "$kernel: only where it is asked for: status 1" ended 1
  is "$kernel: only where it is asked for" out_has 'symbol is not exported: set_memory_x'
  capture "$ringside" check --unexported "$module" --kernel "$kernel"
  is "$kernel: what it was built for has what it takes it for" ended 0
  capture "$ringside" link --unexported "$module" --kernel "$kernel" -o image --map
  is "$kernel: linked" ended 0
  is "$kernel: to an image" sh -c 'ls image.* >/dev/null'

  capture "$ringside" check --unexported "$module" --kernel "$other"
  is "$kernel on $other: status 1" ended 1
  refused "on $other: a prototype" \
    'another prototype: module_kallsyms_on_each_symbol \(expected int module_.*, found int module_'
  refused "on $other: a layout" \
    'another layout: find_module_all: struct module \(expected member 24 is .*, found member 24 is '
  capture "$ringside" link --unexported "$module" --kernel "$other" -o other
  is "$kernel on $other: not linked" ended 1
  is "$kernel on $other: in one line" one_line
  is "$kernel on $other: no image" sh -c '! ls other.* 2>/dev/null'

  # Objects of one series, but for a kernel whose locks are others.
  if [ -n "$(image_of "$kernel-rt")" ]; then
    capture "$ringside" check --unexported "$module" --kernel "$kernel-rt"
    refused "on $kernel-rt: the type that is at fault" \
      'another layout: find_module_all: struct [a-z_]+ \(expected member 1 is [a-z_]+, found member 1 is [a-z_]+\)'
  else
    skip "$kernel on $kernel-rt" "no kernel $kernel-rt in the cache"
  fi

  LC_ALL=C sed 's/license=GPL/license=BSD/' "$module" >closed.ko
  capture "$ringside" check --unexported ./closed.ko --kernel "$kernel"
  is "$kernel: never for a module that is not GPL-compatible" ended 1
  is "$kernel: it is said of each" [ "$(grep -c 'not exported: .*; never for a module whose licence' out)" -eq 6 ]

  capture "$ringside" check --unexported "$modules/ringside_refused.ko" --kernel "$kernel"
  is "$kernel: a function for each reason: status 1" ended 1
  is "$kernel: a line each" [ "$(lines_of out)" -eq 8 ]
  refused "a prototype" ': another prototype: do_mkdirat \(expected int do_mkdirat\(int, const char \*, umode_t\), found '
  refused "a layout" ': another layout: copy_module_elf: struct load_info \(expected member 1 is wrong, found '
  refused "a name of two" ': several symbols bear the name: dummy_handler '
  refused "a clone" ': the compiler made a clone of it, .*: hv_ghcb_hv_call .*hv_ghcb_hv_call\.constprop\.0'
  refused "__init" ': __init: gone once the kernel has booted: start_kernel '
  refused "no types" ': no function of that name in the kernel.s BTF: entry_SYSCALL_64$'
  refused "undeclared" ': the module does not say what it takes it for: kallsyms_lookup_name; '
  refused "no such symbol" ': unresolved symbol: ringside_no_such_function \(expected an export, found none\); '

  objcopy --remove-section .comment.ringside.needs "$module" bare.ko
  capture "$ringside" check --unexported ./bare.ko --kernel "$kernel"
  is "$kernel: a module that says nothing is refused" ended 1
  is "$kernel: for each function" [ "$(grep -c 'does not say what it takes it for' out)" -eq 6 ]
  strip --strip-debug -o stripped.ko "$module"
  capture "$ringside" check --unexported ./stripped.ko --kernel "$kernel"
  is "$kernel: what it says outlives strip --strip-debug" ended 0
  rm -f image.*
done
finish
