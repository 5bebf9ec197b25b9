# ringside doctor, on this machine and on others that are made up: another cache, another PATH.
. "$(dirname "$0")/tap.sh"

state_of() { # CHECK: its state in the JSON of the last capture
  grep -o "{[^{}]*\"name\":\"$1\"[^{}]*}" "$scratch/out" | sed 's/.*"state":"\([a-z]*\)".*/\1/'
}
advice_of() {
  grep -o "{[^{}]*\"name\":\"$1\"[^{}]*}" "$scratch/out" | sed 's/.*"advice":"\([^"]*\)".*/\1/'
}
verdict() { sed 's/.*"lab":"\([a-z]*\)".*/\1/' "$scratch/out"; }

agrees() { # the status says what the verdict says, and that is what the needed checks say
  capture "$ringside" doctor --json
  case $(verdict) in
  ok) ended 0 && ! out_has '"needed":true,"state":"(no|unknown)"' ;;
  no) ended 1 && out_has '"needed":true,"state":"no"' ;;
  unknown) ended 2 && ! out_has '"needed":true,"state":"no"' ;;
  *) return 1 ;;
  esac
}
is "exit status, verdict and needed checks agree" agrees

rows() { # a row begins with its state; what is not ok says what to do, or there is nothing to do
  capture "$ringside" doctor
  grep -E '^  [a-z]' "$scratch/out" | grep -Evq '^  (ok|no|unknown) ' && return 1
  [ "$(grep -Ec '^  (ok|no|unknown) ' "$scratch/out")" -eq \
    "$("$ringside" doctor --json | grep -o '"state"' | wc -l)" ] &&
    awk '/^  no / { open = 1; next } open && !/-> / { exit 1 } { open = 0 }' "$scratch/out"
}
is "every check is one row, and every no says what to do" rows

seconds_of() {
  start=$(date +%s%N)
  capture "$@"
  milliseconds=$((($(date +%s%N) - start) / 1000000))
}
quick() { # three tries: other jobs may hold the machine for a moment
  for try in 1 2 3; do
    seconds_of "$ringside" doctor
    [ "$milliseconds" -lt 1000 ] && return 0
  done
  echo "# $milliseconds ms"
  return 1
}
is "it takes less than a second" quick

unchanged() {
  capture env XDG_CACHE_HOME="$scratch/cache" "$ringside" doctor
  [ ! -e "$scratch/cache" ]
}
is "it creates nothing" unchanged

no_kernel() {
  capture env XDG_CACHE_HOME="$scratch/cache" "$ringside" doctor --json
  ended 1 && [ "$(state_of kernels)" = no ] && advice_of kernels | grep -q 'ringside lab fetch'
}
if [ -z "$(ls /boot/vmlinuz-* 2>/dev/null)" ]; then
  is "without a kernel: no, status 1, and how to fetch one" no_kernel
else
  skip "without a kernel" "one is installed here (/boot/vmlinuz-*), and serves as well"
fi

no_cache() {
  capture env XDG_CACHE_HOME=/proc/nowhere "$ringside" doctor --json
  ended 1 && [ "$(state_of 'cache folder')" = no ] &&
    advice_of 'cache folder' | grep -q XDG_CACHE_HOME
}
is "a cache that cannot be written: no, status 1, and XDG_CACHE_HOME" no_cache

# A program of ours in QEMU's place, found first on PATH.
fake_qemu() {
  mkdir -p "$scratch/bin"
  printf '#!/bin/sh\n%s\n' "$1" >"$scratch/bin/qemu-system-x86_64"
  chmod +x "$scratch/bin/qemu-system-x86_64"
  capture env PATH="$scratch/bin:$PATH" "$ringside" doctor --json
}
broken_qemu() {
  fake_qemu 'echo no such library >&2; exit 1'
  ended 1 && [ "$(state_of QEMU)" = no ] && out_has 'no such library'
}
without_tcg() {
  fake_qemu '[ "$1" = --version ] && echo QEMU 99 || printf "Accelerators:\nkvm\n"'
  ended 1 && [ "$(state_of QEMU)" = no ] && out_has 'QEMU 99 \(kvm\)'
}
is "a QEMU that does not start: no, with its own words" broken_qemu
is "a QEMU without TCG: no" without_tcg

remembered() { # WORKS STATE: what an earlier probe wrote is told
  mkdir -p "$scratch/told/ringside"
  printf '{"version":1,"machine":"%s | cpu","kvm":%s,"reason":"it hung"}' "$(uname -r)" "$1" \
    >"$scratch/told/ringside/accel.json"
  capture env XDG_CACHE_HOME="$scratch/told" "$ringside" doctor --json
  [ "$(state_of KVM)" = "$2" ]
}
if [ -w /dev/kvm ] && [ -r /dev/kvm ]; then
  is "KVM that a probe found to hang: no, and why" eval 'remembered false no && out_has "it hung"'
  is "KVM that a probe found to work: ok" remembered true ok
  is "KVM that has not been probed: unknown" eval \
    'capture env XDG_CACHE_HOME="$scratch/cache" "$ringside" doctor --json
     [ "$(state_of KVM)" = unknown ]'
  is "a memory that is no JSON: unknown" eval \
    'echo garbage >"$scratch/told/ringside/accel.json"
     capture env XDG_CACHE_HOME="$scratch/told" "$ringside" doctor --json
     [ "$(state_of KVM)" = unknown ]'
else
  skip "what a probe of KVM found" "no /dev/kvm that this user may open"
fi

known_packages() { # what it may tell people to install is what the project installs itself
  grep -Eo '\{"[a-z0-9.+_-]+", *"[a-z0-9.+-]+"\}' "$source/cli/doctor.cc" |
    sed 's/.*"\(.*\)"}/\1/' | sort -u >"$scratch/packages"
  [ "$(wc -l <"$scratch/packages")" -ge 5 ] || return 1
  while read -r package; do
    [ "$package" = make ] && continue  # the front door itself: presupposed
    grep -qx "$package" "$source/packaging/packages.txt" || { echo "# $package"; return 1; }
  done <"$scratch/packages"
}
is "it names packages of packaging/packages.txt" known_packages
finish
