# SPDX-License-Identifier: BSD-2-Clause
"""The one that is called doesn't know from where, and the one that calls not whom: it takes whoever has the secret."""

LIKE = ("rw-psk-fqdn", "rw-psk-no-idr")
INITIATORS = ("peer",)


def run(play):
    play.both_replace_both()
