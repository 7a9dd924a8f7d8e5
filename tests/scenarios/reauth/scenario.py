# SPDX-License-Identifier: BSD-2-Clause
"""raveld authenticates anew, again and again: it makes IKE SA and Child SA from the beginning before it lets go of the
old ones, and no packet is lost."""

LIKE = ("reauth-mbb",)
INITIATORS = ("raveld",)


def run(play):
    play.authenticated_anew(3)
