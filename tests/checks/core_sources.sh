#!/bin/sh
# What can be seen in the sources. Cores (core/): they include nothing but core/ and the
# freestanding headers named below, do not ask which side they are on (__KERNEL__), and use
# no part of C++ that needs a host (exceptions, RTTI, virtual calls, the heap, ranges). The
# whole tree: files of at most 600 lines, lines of at most 100 columns, functions of at most 70
# lines. Comments and the insides of strings are taken out first (strip.awk), so words in prose
# do not count.
set -u
. "$(dirname "$0")/tap.sh"
cd "$source" || exit 2

# The C++ headers that a core may include: nothing undefined comes with them (core_symbols.sh
# has the last word). <algorithm> and <cstring> are not freestanding in C++20, but leave only mem*.
std_headers='algorithm|array|bit|compare|concepts|cstddef|cstdint|cstring|initializer_list|limits'
std_headers=$std_headers'|new|optional|span|string_view|tuple|type_traits|utility|variant'

core_files=$(find core -name '*.cc' -o -name '*.hh' | sort)
all_files=$(find bench cli core demo fuzz include kernel lab tests user verdict docs \
  \( -name '*.cc' -o -name '*.hh' -o -name '*.c' -o -name '*.h' \) -type f 2>/dev/null | sort)

# Lines `FILE:LINE: CODE` of the stripped cores.
for file in $core_files; do
  awk -f "$checks/strip.awk" "$file" | awk -v file="$file" '{ print file ":" FNR ": " $0 }'
done >"$scratch/core"

# The code that matches an extended regular expression, less what matches a second one.
core_lines() { # BAD [ALLOWED]
  grep -E "^[^:]*:[0-9]*:.*($1)" "$scratch/core" | grep -vE "${2:-^\$}"
}

foreign=$(grep -E ': *# *include' "$scratch/core" |
  grep -vE "include (\"core/|<($std_headers)>)")
tap_verdict 'core/ includes only core/ and freestanding headers' "$foreign"

tap_verdict 'core/ does not ask for its side' "$(core_lines '__KERNEL__|__linux__|__STDC_HOSTED__')"

word='(^|[^A-Za-z0-9_])'
end='([^A-Za-z0-9_]|$)'
tap_verdict 'core/ throws and catches nothing' "$(core_lines "$word(throw|try|catch)$end")"
tap_verdict 'core/ has no virtual calls, std::function or RTTI' \
  "$(core_lines "${word}(virtual|std::function|dynamic_cast|typeid)$end")"
tap_verdict 'core/ uses no ranges' "$(core_lines 'std::(ranges|views)|<ranges>')"
owning="std::(string|vector|map|set|unique_ptr|make_unique|shared_ptr)$end"
tap_verdict 'core/ takes no memory from a heap' \
  "$(core_lines "${word}(new|delete|malloc|calloc|realloc|free)$end|$owning" \
    'new \(|new\(|= delete|include <new>')"

too_long=$(for file in $all_files; do
  awk -v file="$file" 'END { if (NR > 600) print file ": " NR " lines" }' "$file"
done)
tap_verdict 'no file over 600 lines' "$too_long"

# A tab is eight columns; bytes after the first of a UTF-8 character are none.
too_wide=$(for file in $all_files; do
  expand "$file" | LC_ALL=C awk -v file="$file" '
    { line = $0; gsub(/[\200-\277]/, "", line) }
    length(line) > 100 { print file ":" FNR ": " length(line) " columns" }'
done)
tap_verdict 'no line over 100 columns' "$too_wide"

for file in $all_files; do
  awk -f "$checks/strip.awk" "$file" | awk -v file="$file" -f "$checks/functions.awk"
done >"$scratch/functions"
long_functions=$(awk '$2 > 70 { print $1 ": " $3 " has " $2 " lines" }' "$scratch/functions")
tap_verdict 'no function over 70 lines' "$long_functions"

# The measure itself: it must see the functions that are there.
seen=$(wc -l <"$scratch/functions")
median=$(sort -n -k2 "$scratch/functions" |
  awk '{ lines[NR] = $2 } END { print lines[int((NR + 1) / 2)] }')
echo "# $seen functions, $median lines in the median"
[ "$seen" -gt 100 ] || tap_fail 'functions are recognised' "only $seen found"
tap_end
