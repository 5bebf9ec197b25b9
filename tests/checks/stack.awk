# The deepest call chain in a set of call graphs, as gcc writes them (-fcallgraph-info=su: one .ci a
# translation unit, in VCG's language). Every function whose source has `entry` in its path is an
# entry point. Prints, with names still mangled,
#   worst BYTES CHAIN
# and one line `bad WHAT` for each chain of `limit` bytes or more that no other one contains, each
# frame without a bound, each indirect call, each cycle. Frames count their return address.
# Depth-first search; a function's depth is known when its callees' depths are.
function field(key,   at, rest) {  # the string that follows `key: "`
  at = index($0, key ": \"")
  if (!at) return ""
  rest = substr($0, at + length(key) + 3)
  return substr(rest, 1, index(rest, "\"") - 1)
}
function pretty(id,   text) {
  text = id
  sub(/.*[:/]/, "", text)  # the file of a function that no other unit sees
  sub(/\.(part|constprop|isra|cold).*/, "", text)
  return text
}
function bad(what) { if (!(what in told)) { told[what] = 1; print "bad " what } }
function depth(id,   n, i, callee, deep, best) {
  if (id in total) return total[id]
  if (id in active) {
    bad("recursion through " pretty(id) " (" place[id] ")")
    return 0
  }
  active[id] = 1
  best = 0
  for (i = 1; i <= calls[id]; i++) {
    callee = call[id, i]
    if (callee == "__indirect_call") {
      bad("indirect call in " pretty(id) " (" place[id] ")")
      continue
    }
    called[callee] = 1
    deep = depth(callee)
    if (deep > best) { best = deep; next_of[id] = callee }
  }
  delete active[id]
  return total[id] = frame[id] + best
}
function chain(id,   text) {
  text = pretty(id) " " frame[id] + 0
  while (id in next_of) { id = next_of[id]; text = text " > " pretty(id) " " frame[id] + 0 }
  return text
}
/^node:/ {
  id = field("title")
  split(field("label"), parts, "\\\\n")
  if (!match($0, /[0-9]+ bytes \([a-z,]*\)/)) next  # declared here, defined elsewhere
  usage = substr($0, RSTART, RLENGTH)
  # An inline function may have a copy in many units: the largest counts.
  if (!(id in frame)) order[++nodes] = id
  if (usage + 0 >= frame[id] + 0) frame[id] = usage + 0
  place[id] = parts[2]
  if (usage ~ /\(dynamic\)/) bad("frame without a bound in " pretty(id) " (" place[id] ")")
}
/^edge:/ {
  id = field("sourcename")
  callee = field("targetname")
  if (!((id, callee) in seen)) {
    seen[id, callee] = 1
    call[id, ++calls[id]] = callee
  }
}
END {
  for (n = 1; n <= nodes; n++)
    if (index(place[order[n]], entry) && depth(order[n]) > total[worst]) worst = order[n]
  for (n = 1; n <= nodes; n++)
    if (order[n] in total && !(order[n] in called) && total[order[n]] >= limit)
      bad(total[order[n]] " bytes: " chain(order[n]) " (" place[order[n]] ")")
  if (worst != "") print "worst " total[worst] " " chain(worst)
}
