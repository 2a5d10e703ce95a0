"""A process without a network: the kernel refuses it any socket but those of this machine's files.

A seccomp filter (``man 2 seccomp``, ``man 2 bpf`` for the instructions) is put in place for the
process and all it starts, and can't be taken away again. It refuses ``socket`` of any family but
AF_UNIX, and the ways round it: the calls of other machine words, ``io_uring``, and reaching into
other processes. Where the kernel takes no filter, an empty network namespace serves, if we may
make one. Whether the network is cut is tried, not believed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import socket
import struct
from dataclasses import dataclass
from functools import cache

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWNET = 0x40000000
# Instructions of classic BPF: load a word, jump if equal or if greater or equal, answer.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _ANSWER = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
# Where the fields of struct seccomp_data lie, little-endian: number, machine, first argument.
_NUMBER, _MACHINE, _FAMILY = 0, 4, 16


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls on one kind of machine."""

    machine: int
    socket: int
    # ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd
    others: tuple[int, ...]


_CALLS = {
    "x86_64": _Calls(0xC000003E, 41, (101, 310, 311, 425, 438)),
    "aarch64": _Calls(0xC00000B7, 198, (117, 270, 271, 425, 438)),
}
# The x32 words of x86_64 have this bit in their number and would pass by the others.
_X32 = 0x40000000


def die_with_parent(parent: int, sent: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent ends, however it ends.

    Args:
        parent: Its process number, to see whether it ended before the kernel knew.
        sent: The signal.
    """
    _libc().prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), sent)


def cut_network() -> bool:
    """Cut this process and all it starts from the network for good; return whether it is cut."""
    _filter_calls()
    if not _is_cut():
        _libc().unshare(_CLONE_NEWNET)
    return _is_cut()


@cache
def network_is_cut() -> bool:
    """Return whether jobs on this machine can be cut off, tried once in a process of its own."""
    child = os.fork()
    if child == 0:
        os._exit(0 if cut_network() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _is_cut() -> bool:
    """Return whether neither version of the internet protocol has a way out, also to this host."""
    return all(
        _has_no_way(family, address)
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
    )


def _has_no_way(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            # Sends nothing; the kernel only looks for a route.
            way.connect((address, 9))
    except OSError as error:
        return error.errno in {
            *(errno.EPERM, errno.ENETUNREACH, errno.EADDRNOTAVAIL),
            *(errno.EAFNOSUPPORT, errno.EHOSTUNREACH),
        }
    return False


def _filter_calls() -> bool:
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return False
    program = _program(calls)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where they are.
    head = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    )
    libc = _libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    filtered: int = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0)
    return filtered == 0


def _program(calls: _Calls) -> bytes:
    """Return the filter: 8 bytes an instruction (code, jump if true, jump if false, number)."""
    number = [(_IF_EQUAL, one) for one in calls.others]
    if platform.machine() == "x86_64":
        number.append((_IF_AT_LEAST, _X32))
    # Jumps count the instructions between; the last two are "allow" and "refuse".
    lines: list[tuple[int, int, str, str]] = [
        (_LOAD, _MACHINE, "", ""),
        (_IF_EQUAL, calls.machine, "", "refuse"),
        (_LOAD, _NUMBER, "", ""),
        *((code, one, "refuse", "") for code, one in number),
        (_IF_EQUAL, calls.socket, "", "allow"),
        (_LOAD, _FAMILY, "", ""),
        (_IF_EQUAL, int(socket.AF_UNIX), "", "refuse"),
        (_ANSWER, _ALLOW, "", ""),
        (_ANSWER, _REFUSE, "", ""),
    ]
    ends = {"allow": len(lines) - 2, "refuse": len(lines) - 1}
    return b"".join(
        struct.pack(
            "<HBBI",
            code,
            ends[true] - place - 1 if true else 0,
            ends[false] - place - 1 if false else 0,
            value,
        )
        for place, (code, value, true, false) in enumerate(lines)
    )


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
