# SPDX-License-Identifier: BSD-2-Clause
"""TAP for the interop suites."""
import signal
import sys
import traceback

from lab import LabError


def run(tests):
    """Run (name, function) pairs; prints TAP 13, returns the exit status."""
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: sys.exit(128 + number))
    print("TAP version 13")
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # a test may fail in any way; the others still run
            failed += 1
            text = str(error) if isinstance(error, LabError) else traceback.format_exc()
            print("\n".join("# " + line for line in text.splitlines()))
            print(f"not ok {number} - {name}", flush=True)
    return 1 if failed else 0
