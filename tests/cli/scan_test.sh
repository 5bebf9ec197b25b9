#!/bin/sh
# ringside scan as a user calls it, as far as no host is asked: that is for guests (tests/guest/scsi,
# scsi_hba). What it does not accept, in one line; damaged lists of quirks; a machine without SCSI.
. "$(dirname "$0")/tap.sh"

refuses() { # STATUS PATTERN
  ended "$1" && one_line && err_has "$2"
}
capture "$ringside" scan --help
is "--help names the options" eval 'ended 0 && for word in HOST --channel --target --lun --add \
  --remove-gone --resize --update --force --dry-run --placement --json; do out_has "$word" || exit 1; done'
capture "$ringside" scan --sideways
is "an option that is none: status 64" refuses 64 sideways
for option in --channel --target --lun; do
  capture "$ringside" scan "$option" many
  is "$option that is no number: status 64" refuses 64 "$option"
  capture "$ringside" scan "$option" -1
  is "$option below zero: status 64" refuses 64 "$option"
done
capture "$ringside" scan --channel 4294967296
is "a channel that is too large: status 64" refuses 64 channel
capture "$ringside" scan --placement elsewhere --add
is "a placement that is none: status 64" refuses 64 placement
for wish in --remove-gone --resize --update --dry-run; do
  capture "$ringside" scan --placement stock --add "$wish"
  is "the stock scan with $wish: status 64" refuses 64 'can only --add'
done
capture "$ringside" scan --placement stock
is "the stock scan without --add: status 64" refuses 64 'can only --add'

# In a mount namespace /sys, /etc/ringside and the list beside the command are ours.
elsewhere() { # SCRIPT
  capture unshare --map-root-user --mount sh -euc '
    scratch=$1 build=$2
    mount -t tmpfs none /sys
    mkdir -p /sys/class/scsi_host
    '"$1" sh "$scratch" "$ringside"
}
if ! unshare --map-root-user --mount mount -t tmpfs none /sys 2>/dev/null; then
  skip "machines of our own" "no mount namespaces here"
  finish
fi
elsewhere 'exec "$build" scan'
is "no hosts: nothing, status 0" eval 'ended 0 && [ ! -s "$scratch/out" ] && [ ! -s "$scratch/err" ]'
elsewhere 'rm -r /sys/class; exec "$build" scan'
is "no SCSI at all: nothing, status 0" eval 'ended 0 && [ ! -s "$scratch/out" ]'
elsewhere 'exec "$build" scan --json'
is "no hosts, as JSON" eval 'ended 0 && tr -d " \n" <"$scratch/out" | grep -qx "{\"hosts\":\[\]}"'
elsewhere 'exec "$build" scan host7'
is "a host that is not there: status 2" refuses 2 'there is no host 7$'
elsewhere 'exec "$build" scan 07x'
is "a host that is no number: status 64" refuses 64 "'07x' is no host"
elsewhere 'exec "$build" scan host'
is "a host without its number: status 64" refuses 64 "'host' is no host"

# Two hosts without any device; their drivers have names.
hosts='mkdir -p /sys/class/scsi_host/host0 /sys/class/scsi_host/host12 /sys/bus/scsi/devices
  echo ahci >/sys/class/scsi_host/host0/proc_name'
elsewhere "$hosts; exec \"\$build\" scan --json 12 host0 12"
is "hosts as JSON: each once, in order, with its driver" eval 'ended 0 &&
  python3 -c "import json, sys
hosts = json.load(open(sys.argv[1]))[\"hosts\"]
assert [(h[\"host\"], h[\"driver\"]) for h in hosts] == [(0, \"ahci\"), (12, \"\")], hosts
assert all(h[\"devices\"] == [] and h[\"warnings\"] == [] for h in hosts), hosts" "$scratch/out"'
elsewhere "$hosts; exec \"\$build\" scan --placement=stock --add"
is "a host that does not take the scan: status 2, and its number" refuses 2 'host(0|12): .*scan'

damaged() { # LIST WHAT PATTERN
  printf "$1" >"$scratch/quirks"
  chmod 644 "$scratch/quirks"
  elsewhere 'mount -t tmpfs none /etc
    mkdir /etc/ringside
    cp "$scratch/quirks" /etc/ringside/scsi-quirks
    exec "$build" scan'
  is "quirks, $2" refuses 2 "/etc/ringside/scsi-quirks: $3"
}
damaged 'EMC\tSYMMETRIX\tsparselun,often\n' "a flag that is none: status 2, file and line" "line 1: no flag 'often'"
damaged '# a comment\n\nEMC\tSYMMETRIX\n' "a row that is short: its line" 'line 3: '
damaged 'EMCEMCEMC\tX\tnolun\n' "a vendor that is too long: its line" 'line 1: '
damaged '\001\377\376\n\200\n' "noise: status 2" 'line 1: '
mkdir "$scratch/alone"
cp "$ringside" "$scratch/alone/"
elsewhere 'exec "$scratch/alone/ringside" scan'
is "the list that it comes with is not there: status 2" refuses 2 'alone/scsi-quirks: not there'

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  cp "$ringside" "$scratch/ringside"
  chmod 755 "$scratch"
  capture setpriv --reuid 65534 --clear-groups "$scratch/ringside" scan
  is "not root: status 2" refuses 2 'only root'
else
  skip "not root: status 2" "needs root and setpriv"
fi
finish
