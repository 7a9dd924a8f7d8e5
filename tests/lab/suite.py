# SPDX-License-Identifier: BSD-2-Clause
"""TAP for suites in Python.

    sys.exit(suite.run([("what holds", function), ...]))

Words on the command line choose tests: those that have one of them in their name.
"""
import signal
import sys
import threading
import time
import traceback

import ground

TOLD = 3.0                 # seconds; what was waited for longer is told

_output = threading.Lock()


def say(*lines):
    with _output:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()


def comment(text):
    say(*(f"# {line}" for line in text.splitlines()))


def _waited(what, seconds):
    if seconds >= TOLD:
        comment(f"waited {seconds:.1f} s: {what}")


def chosen(tests, words):
    """Those with a word in their name; as in a function's name, _ is a space."""
    words = [word.replace("_", " ") for word in words]
    found = [test for test in tests if not words or any(word in test[0] for word in words)]
    if not found:
        sys.exit(f"no test is named so: {', '.join(words)}")
    return found


def run(tests):
    """Run (name, function) pairs; prints TAP 13, returns the exit status."""
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: sys.exit(128 + number))
    ground.on_wait(_waited)
    tests = chosen(tests, sys.argv[1:])
    say("TAP version 13", f"1..{len(tests)}")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        started = time.monotonic()
        try:
            function()
            verdict = "ok"
        except Exception as error:  # a test may fail in any way; the others still run
            failed += 1
            verdict = "not ok"
            comment(str(error) if isinstance(error, ground.LabError) else traceback.format_exc())
        say(f"{verdict} {number} - {name}", f"# {time.monotonic() - started:.1f} s")
    return 1 if failed else 0
