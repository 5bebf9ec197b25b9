# Prints `FILE:LINE LINES NAME` for every function of stripped C or C++ source (strip.awk) on stdin
# (-v file=NAME). A brace outside of functions opens a function where the text before it, back to
# the last `;` or brace, has a parameter list and is no initialiser; whatever its braces hold
# (blocks, lambdas, local types) belongs to it. Its length runs from the line of its name to its
# last brace. Preprocessor lines, with what they continue to, are not looked at.
function opens_function(text) {
  if (text ~ /=[ \t]*$/ || text ~ /^[ \t]*(typedef |extern +""|namespace)/) return 0
  if (text ~ /(^|[ \t;>])(struct|class|union|enum)[ \t]/ && text !~ /\)/) return 0
  return text ~ /\)/
}
function title(text) {
  sub(/^[ \t]+/, "", text)
  sub(/[ \t]*\(.*/, "", text)
  sub(/.*[ \t*&]/, "", text)
  return text
}
/^[ \t]*#/ || continued { continued = /\\$/; next }
{
  for (i = 1; i <= length($0); i++) {
    c = substr($0, i, 1)
    if (c == "{") {
      depth++
      # A braced initialiser in a constructor's list closes before the body opens.
      if (!inside && text ~ /^[ \t]*(,.*)?$/ && ended == FNR && ended_depth == depth) {
        inside = depth
      } else if (!inside && opens_function(text)) {
        inside = depth
        start = text_line
        called = title(text)
      }
      text = ""
    } else if (c == "}") {
      if (inside == depth) {
        printf "%s:%d %d %s\n", file, start, FNR - start + 1, called
        inside = 0
        ended = FNR
        ended_depth = depth
      }
      depth--
      text = ""
    } else if (c == ";" && !inside) {
      text = ""
    } else if (!inside) {
      if (text ~ /^[ \t]*$/ && c !~ /[ \t]/) text_line = FNR
      text = text c
    }
  }
  if (!inside && text != "") text = text " "
}
