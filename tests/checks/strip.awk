# Prints C and C++ source line by line without comments; the insides of strings, of raw strings
# and of character literals taken out, so that what is left is code; #include lines stay whole.
# One pass, character by character, with one state that outlives a line.
function raw_end(rest,   open) {  # the terminator of the raw string that begins `rest` at its quote
  open = index(rest, "(")
  return ")" substr(rest, 2, open - 2) "\""
}
FNR == 1 { state = "code" }
{
  out = ""
  i = 1
  n = length($0)
  if (state == "code" && $0 ~ /^[ \t]*#[ \t]*include/) {
    sub(/[ \t]*\/\/.*/, "")
    sub(/[ \t]*\/\*.*\*\//, "")
    print
    next
  }
  while (i <= n) {
    rest = substr($0, i)
    c = substr(rest, 1, 1)
    if (state == "comment") {
      at = index(rest, "*/")
      if (!at) break
      state = "code"
      i += at + 1
    } else if (state == "raw") {
      at = index(rest, terminator)
      if (!at) break
      state = "code"
      out = out "\""
      i += at + length(terminator) - 1
    } else if (substr(rest, 1, 2) == "//") {
      break
    } else if (substr(rest, 1, 2) == "/*") {
      state = "comment"
      i += 2
    } else if (c == "\"" && out ~ /R$/) {
      terminator = raw_end(rest)
      state = "raw"
      out = out "\""
      i += length(terminator)
    } else if (c == "\"" || (c == "'" && out !~ /[0-9a-fA-F]$/)) {
      out = out c c
      for (i++; i <= n && substr($0, i, 1) != c; i++) if (substr($0, i, 1) == "\\") i++
      i++
    } else {
      out = out c
      i++
    }
  }
  print out
}
