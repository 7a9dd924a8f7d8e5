# SPDX-License-Identifier: BSD-2-Clause
"""ravelctl as a process that goes on while raveld works for it."""
from ground import expect, ike_tries

KEPT_UP = {"child": "start_action = start"}
FAILS_SOON = {"tries": ike_tries(4)}    # for a peer that comes later
NEVER_ANSWERED = {"tries": 1}           # for one that never comes
FAILED = r"^c\.net: try (\d+) failed: (.+); the next one in \d+ s$"
KEEPS_TRYING = "raveld keeps trying until it is up or is taken down"
NO_MORE = "raveld doesn't try again"


def ctl(host, *args, name="ravelctl", path=None):
    """A ravelctl that goes on, what it says in its log."""
    return host.pair.start(name, host.ns, [host.pair.program("ravelctl"), "--socket", path or host.socket, *args])


def ends(process, status, last):
    """It ends so, and this is in its last line."""
    got = process.wait()
    text = process.text()
    expect(got == status, f"the exit status of {process.name} is {got}:\n{text}")
    expect(text and last in text.splitlines()[-1], f"its last line says `{last}`:\n{text}")


def out_of_time(start):
    """start(seconds) with more of them until there was time for any line at all; its process, and how many."""
    for seconds in (2, 8, 32, 100):
        process = start(seconds)
        if process.wait() != 3:
            break
    return process, seconds
