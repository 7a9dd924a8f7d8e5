# SPDX-License-Identifier: BSD-2-Clause
"""The peer authenticates anew, makes before it breaks, and keeps the address that raveld has given it: no packet is
lost."""

LIKE = ("reauth-mbb-virtual-ip",)
INITIATORS = ("peer",)
PEERS = ("strongswan-6.0", "strongswan-6.0-kernel")    # 5.9 breaks before it makes


def run(play):
    play.authenticated_anew(3, [("10.1.0.1", "10.3.0.1")])
    play.expect(play.raveld.leases() == {"10.3.0.1": ("b.example.org", True)}, "the address is the same")
