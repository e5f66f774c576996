"""What the Python clients share: one check a process, named by the first argument; exit status 0 when it holds.

usage: python3 check_LIBRARY.py CHECK BOOTSTRAP TOPIC [GROUP STRATEGY]
"""

import asyncio
import inspect
import os
import signal
import sys
import traceback

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def expect(what, found, wanted):
    """Fails the check with both values in words when they differ."""
    if found != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, found {found!r}")


def say(*words):
    """A line for the one who started this process, at once."""
    print(*words, flush=True)


def stop_on_sigterm(stop):
    """A member of a mixed group leaves when it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: stop())


def main(checks):
    """Runs the named check with the rest of the arguments."""
    name, *arguments = sys.argv[1:]
    try:
        result = checks[name](*arguments)
        if inspect.isawaitable(result):
            asyncio.run(result)
    except Exception as error:  # the message is what the run prints; the trace says where
        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # a client's threads do not keep a finished check
