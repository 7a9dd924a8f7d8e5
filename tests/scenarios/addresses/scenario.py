# SPDX-License-Identifier: BSD-2-Clause
"""Each end is who its address says."""

LIKE = ("rw-psk-ipv4",)


def run(play):
    play.both_replace_both()
