# SPDX-License-Identifier: BSD-2-Clause
"""Extended sequence numbers, with a cipher that has them in its additional data and beside one that hasn't: either end
replaces Child SA and IKE SA, and no packet is lost."""

LIKE = ("net2net-esn",)
BACKENDS = ("soft",)
PEERS = ("strongswan-6.0-kernel", "libreswan")


def run(play):
    play.both_replace_both()
    play.expect(all("ESN" in suite.upper() for suite in play.raveld.suites()), "sequence numbers are extended")
