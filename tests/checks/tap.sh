# What every check shares. Sourced after `set -u`; called as NAME.sh SOURCE_DIR BUILD_DIR, it leaves
# $source and $build (absolute), $name, and an empty $scratch under the build, and gives four verbs:
#   tap_ok WHAT     tap_fail WHAT [DETAILS]     tap_skip WHAT REASON     tap_verdict WHAT [DETAILS]
# The last fails where DETAILS is not empty. A case is a line `ok NAME - WHAT`, `not ok NAME - WHAT`
# or `ok NAME - WHAT # SKIP REASON` on stdout and in $RINGSIDE_TEST_RESULTS/NAME.tap; details are
# comment lines, on stdout alone. `tap_end` ends the script: status 1 if any case failed, else 77 if
# every case was skipped, else 0.
[ $# -eq 2 ] || { echo "usage: $0 SOURCE_DIR BUILD_DIR" >&2; exit 64; }
source=$(cd "$1" && pwd) || exit 64
build=$(cd "$2" && pwd) || exit 64
name=$(basename "$0" .sh)
checks=$source/tests/checks
scratch=$build/checks/$name
rm -rf "$scratch"
mkdir -p "$scratch"
tap_file=${RINGSIDE_TEST_RESULTS:+$RINGSIDE_TEST_RESULTS/$name.tap}
[ -z "$tap_file" ] || : >"$tap_file"
tap_passed=0 tap_failed=0

tap_line() {
  echo "$1"
  [ -z "$tap_file" ] || echo "$1" >>"$tap_file"
}

tap_ok() {
  tap_passed=$((tap_passed + 1))
  tap_line "ok $name - $1"
}

tap_fail() {
  tap_failed=$((tap_failed + 1))
  tap_line "not ok $name - $1"
  [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/#   /'
}

tap_skip() { tap_line "ok $name - $1 # SKIP $2"; }

tap_verdict() {
  if [ -z "${2:-}" ]; then tap_ok "$1"; else tap_fail "$1" "$2"; fi
}

tap_end() {
  [ "$tap_failed" -eq 0 ] || exit 1
  [ "$tap_passed" -gt 0 ] || exit 77
  exit 0
}

# True where the build is instrumented by sanitizers: its code is not what ships.
sanitized() { grep -qs '^RINGSIDE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; }

# Calls `VERB RELEASE/MODULE OBJECTS...` for each built kernel module with C++ objects (cores, and the
# bridges to them); skips WHAT where none was built. tests/cores has every core. What is built for
# `make kasan` has a sanitizer's calls and redzones in it, and counts as little as in user space.
each_module() { # WHAT VERB
  folders=$(find "$build/modules/" -mindepth 2 -maxdepth 2 -type d ! -path '*-kasan/*' 2>/dev/null | sort)
  [ -n "$folders" ] || tap_skip "$1" 'no modules were built'
  for folder in $folders; do
    objects=$(find "$folder" -maxdepth 1 -name 'core_*.o' -o -maxdepth 1 -name '*bridge.o' | sort)
    [ -z "$objects" ] || "$2" "${folder#"$build"/modules/}" $objects
  done
}
