# ringside channel as a user calls it where there is no module: what there is, costs that were
# measured elsewhere, and advice by them.
. "$(dirname "$0")/tap.sh"

channel() { capture "$ringside" channel "$@"; }
refused() { ended "$1" && one_line && err_has "$2"; } # STATUS PATTERN: in one line, without output
line() { # CHANNEL SERVICE BYTES BATCH MEDIAN [KERNEL [UNIT]]
  unit=${7:-instructions} accelerator=tcg-count
  [ "$unit" = instructions ] || accelerator=tcg
  printf '{"schema":1,"service":"channels","placement":"%s","kernel":"%s","accelerator":"%s",' \
    "$1" "${6:-6.1.0-57-amd64}" "$accelerator"
  printf '"unit":"%s","parameters":{"service":"%s","bytes":%s,"batch":%s},"median":%s}\n' \
    "$unit" "$2" "$3" "$4" "$5"
}
results=$scratch/results.jsonl
{
  line ioctl echo 64 1 700
  line ioctl echo 4096 1 1500
  line ioctl stream 64 1 600
  line ring echo 64 1 900
  line ring stream 64 1 5000
  line ring stream 64 1024 90
  line relay stream 64 1 80
  line ioctl notify 0 1 9000
  line ioctl echo 64 1 12345 6.1.0-57-amd64 ns
  line ioctl echo 64 1 777 6.12.117-amd64
  echo '{"service":"ksyms","placement":"user"}'
  echo '{"service":"channels","placement":"call","operation":"getppid","parameters":{}}'
} >"$results"

lists() {
  channel list
  ended 0 && [ "$(lines_of out)" -eq 13 ] && out_has '^ioctl +yes +yes +yes +yes ' &&
    out_has '^eventfd +- +- +- +yes ' && [ ! -s "$scratch/err" ]
}
lists_json() {
  channel list --json
  ended 0 && python3 -c '
import json, sys
for line in open(sys.argv[1]):
    each = json.loads(line)
    assert set(each) == {"channel", "echo", "stream", "sink", "notify", "payload_max", "loss",
                         "summary"}, each
    assert each["loss"] in ("none", "newest", "oldest") and each["payload_max"] <= 1 << 20
' "$scratch/out" && [ "$(lines_of out)" -eq 12 ]
}
is "list has a line for every channel" lists
is "list --json says the same for programs" lists_json

no_module() {
  channel check ioctl && refused 2 'ringside_channels' &&
    channel bench ioctl && ended 1 && err_has '^ringside channel: ioctl: .*ringside_channels'
}
misused() {
  channel && refused 64 'list, check, bench or advise' && channel measure && ended 64 &&
    channel check nothing && refused 64 "no channel 'nothing', expected one of: syscall, ioctl, " &&
    channel bench nothing && refused 64 "no channel 'nothing'" && channel list more && ended 64
}
is "the command line is checked" misused

tables() {
  channel bench --from "$results"
  ended 0 && [ ! -s "$scratch/err" ] && out_has '^6\.1\.0-57-amd64$' && out_has '^6\.12\.117-amd64$' &&
    out_has '^instructions a message +ioctl +ring +relay$' && out_has '^echo 64 B +700 +900 *$' &&
    out_has '^stream 64 B, batches +90 *$' && out_has '^notify +9000 *$' && ! out_has 12345
}
tables_of_some() {
  channel bench --from "$results" ring && ended 0 && ! out_has ioctl && out_has 'ring$' &&
    channel bench --from "$results" nothing && refused 64 "no channel 'nothing'" &&
    channel bench --from "$results" netlink && refused 2 "results.jsonl: no costs of channels"
}
plots() {
  channel bench --from "$results" --plot "$scratch/plot.svg" && ended 0 &&
    python3 -c 'import sys, xml.dom.minidom as dom
names = {each.firstChild.data for each in dom.parse(sys.argv[1]).getElementsByTagName("title")}
assert {"ioctl", "ring", "relay"} <= names, names' "$scratch/plot.svg" &&
    channel bench --from "$results" --plot "$scratch/none/plot.svg" &&
    refused 2 'none/plot.svg.*No such file'
}
malformed() {
  printf '%s\n' "$(line ioctl echo 8 1 5)" '{"service":"channels"' >"$scratch/broken"
  channel bench --from "$scratch/broken" && refused 2 'broken: line 2: expected a result' &&
    channel advise --from "$scratch/broken" && refused 2 'broken: line 2: expected a result' &&
    line ioctl shout 8 1 5 >"$scratch/broken" && channel advise --from "$scratch/broken" &&
    refused 2 'broken: line 1: .*no such service' && : >"$scratch/empty" &&
    channel bench --from "$scratch/empty" && refused 2 'no costs of channels' &&
    channel advise --from "$scratch/empty" && refused 2 'no costs of channels'
}
missing() {
  channel bench --from "$scratch/none" && ended 64 && err_has none && [ ! -s "$scratch/out" ] &&
    channel advise --from "$scratch/none" && ended 64 && err_has none &&
    channel bench --json --from "$results" && ended 64 && err_has 'json'
}
is "bench --from prints a table for each kernel" tables
is "and of the channels that are named" tables_of_some
is "bench --plot writes a plot" plots
is "results that are none are named by their line" malformed
is "files that are not there, and options that exclude each other, are refused" missing
no_module_what="without the module, check and bench say what to load"
if [ -e /dev/ringside-channel ]; then
  skip "$no_module_what" "it is loaded here"
else
  is "$no_module_what" no_module
fi

# The names of the channels that fit, in their order.
fits() { awk '$1 == "fits" { printf "%s ", $2 }' "$scratch/out"; }
advised() { # NAMES OPTION...
  wanted=$1
  shift
  channel advise --from "$results" --kernel 6.1 "$@"
  if [ -n "$wanted" ]; then ended 0; else ended 1; fi && [ "$(fits)" = "$wanted" ]
}
advises() {
  advised "ioctl ring " --rate 1e6 && out_has '^1000000 messages a second of 64 bytes, by .* 6\.1\.' &&
    out_has '^fits ioctl +700 instructions a message, 700 million a second$' &&
    out_has '^- +eventfd +answers no requests$' && out_has '^- +netlink +was not measured$' &&
    out_has '^- +syscall +is for the lab alone$' && [ "$(lines_of out)" -eq 13 ]
}
by_direction() {
  advised "ioctl " --direction event && advised "" --direction to-kernel &&
    out_has '^- +relay +carries no data to the kernel$' && out_has '^- +ioctl +was not measured$' &&
    advised "ring ioctl " --direction to-user --rate 1e7 &&
    out_has '^fits +ring .* 1024 messages with one system call$'
}
by_loss() {
  advised "ring ioctl " --direction to-user --rate 1e7 --loss none &&
    out_has '^- +relay +loses what has no room, and counts it$' &&
    advised "relay ring ioctl " --direction to-user --rate 1e7 --loss counted
}
by_rate() { # where cost does not matter, the simplest comes first
  advised "ioctl ring " --direction to-user --rate 1 && out_has '^fits +ring +5000 '
}
by_size() {
  advised "ring ioctl " --size 4096 --rate 1e6 && out_has '^- +sysfs +carries 4080 bytes at most$' &&
    advised "" --size 1048577 && out_has '^- +ioctl +carries 1048576 bytes at most$'
}
by_kernel() {
  channel advise --from "$results" --rate 1e6 && ended 0 && out_has ' on 6\.12\.117-amd64$' &&
    channel advise --from "$results" --kernel 6.12 && out_has ' 777 instructions' &&
    channel advise --from "$results" --kernel 5.10 && refused 2 'no costs of channels on 5\.10'
}
bad_needs() {
  for rate in 0 -1 nan inf x; do
    channel advise --from "$results" --rate $rate && ended 64 && err_has rate || return 1
  done
  channel advise --rate 0 && refused 64 'rate 0: expected messages a second, above 0' &&
    channel advise --size -1 && ended 64 && channel advise --direction up && ended 64 &&
    channel advise --loss all && ended 64
}
is "advise names what fits, cheapest first, and why others do not" advises
is "a direction is a service" by_direction
is "channels that lose messages are for those who may lose some" by_loss
is "where cost does not matter, the simplest comes first" by_rate
is "a message has to fit" by_size
is "costs are one kernel's, by default the last one's" by_kernel
is "rates, sizes and words that cannot be are refused" bad_needs
finish
