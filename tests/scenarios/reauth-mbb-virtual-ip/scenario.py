# SPDX-License-Identifier: BSD-2-Clause
"""raveld authenticates anew, again and again, and keeps the address that the peer has given it: no packet is lost."""

LIKE = ("reauth-mbb-virtual-ip",)
INITIATORS = ("raveld",)


def run(play):
    play.authenticated_anew(3, [("10.3.0.1", "10.2.0.1")])
    play.expect(play.raveld.vips() == ["10.3.0.1"], "the address is the same")
