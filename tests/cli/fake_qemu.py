# In QEMU's place: an agent that says hello, and then sends too few bytes for a command's exit, which
# ours never does. With FAKE_QEMU=no-kvm it also ends under KVM, as QEMU does on some hosts.
import os
import re
import socket
import struct
import sys

HEADER = struct.Struct("<BBHII")  # version, type, zero, run, size
HELLO, RUN, EXIT = 1, 2, 4


def say(port, kind, run, payload):
    port.sendall(HEADER.pack(1, kind, 0, run, len(payload)) + payload)


def serve(port):
    say(port, HELLO, 0, b"6.12.0-fake")
    while True:
        _, kind, _, run, size = HEADER.unpack(port.recv(HEADER.size, socket.MSG_WAITALL))
        port.recv(size, socket.MSG_WAITALL)
        if kind == RUN:
            say(port, EXIT, run, b"cut")


if os.environ.get("FAKE_QEMU") == "no-kvm" and "kvm" in sys.argv:
    with open(os.environ["FAKE_QEMU_LOG"], "a") as log:
        log.write("kvm\n")
    sys.exit("failed to set MSR 0x10a to 0x69")
serve(socket.socket(fileno=int(re.search(r"id=port0,fd=(\d+)", " ".join(sys.argv))[1])))
