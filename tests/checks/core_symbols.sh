#!/bin/sh
# What a core asks of its host when it is linked: the undefined symbols of each user-space core
# archive (BUILD/libcore_*.a) and of each core object of a kernel module, with the C++ bridges
# to them (BUILD/modules/RELEASE/MODULE/), less what other cores define, against the short lists
# below.  So no heap, no exceptions, no libstdc++, no thread-safe statics, no libgcc helpers
# can slip in; and in the kernel no indirect call either, because with retpolines each leaves a
# thunk's name.
set -u
. "$(dirname "$0")/tap.sh"

# The whole of a core's C library.
memory='memcpy memmove memset memcmp strlen'
# User space is position-independent: the linker itself defines this name.
user_allowed="$memory _GLOBAL_OFFSET_TABLE_"
# What the kernel's own flags put into every object of its modules:
#   __fentry__          -pg -mfentry: the call at each function's start that ftrace patches
#   __stack_chk_fail    -fstack-protector-strong: where a broken canary ends
#   __x86_return_thunk  -mfunction-return=thunk-extern: the return that the mitigations patch
# Not allowed: __x86_indirect_thunk_* (an indirect call or jump), __popcountdi2 and such (libgcc,
# which a module is not linked with), __fortify_* (a hosted <cstring> crept in).
kernel_allowed="$memory __fentry__ __stack_chk_fail __x86_return_thunk"

undefined() {
  nm -u "$@" 2>/dev/null | awk '$1 == "U" || $1 == "w" || $1 == "v" { print $2 }' | sort -u
}
defined() { nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u; }

# The undefined symbols of the given objects that neither the list nor $scratch/defined has.
strangers() { # ALLOWED FILES...
  list=$1
  shift
  undefined "$@" >"$scratch/undefined"
  printf "%s\n" $list | sort -u - "$scratch/defined" |
    comm -13 - "$scratch/undefined" | c++filt
}

if sanitized; then
  tap_skip 'user-space core archives' 'a sanitizer build'
else
  archives=$(find "$build" -maxdepth 1 -name 'libcore_*.a' | sort)
  [ -n "$archives" ] || tap_fail 'user-space core archives' "none in $build"
  [ -z "$archives" ] || defined $archives >"$scratch/defined"
  for archive in $archives; do
    tap_verdict "$(basename "$archive")" "$(strangers "$user_allowed" "$archive")"
  done
fi

judge_module() { # MODULE OBJECTS...
  what=$1
  shift
  defined "$@" >"$scratch/defined"
  # Nobody runs constructors of static objects in a module.
  tap_verdict "$what: nothing runs before it is called" \
    "$(objdump -h "$@" | grep -E '\.(init_array|ctors)' | sort -u)"
  tap_verdict "$what ($# objects)" "$(strangers "$kernel_allowed" "$@")"
}
each_module 'core objects of kernel modules' judge_module
tap_end
