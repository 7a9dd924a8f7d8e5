# SPDX-License-Identifier: BSD-2-Clause
"""raveld names a post-quantum pre-shared key that the peer doesn't have: as neither insists, it goes without."""

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def run(play):
    play.connect()
    play.passes()
    play.expect(not any(ike.get("ppk") for ike in play.bed.ravelctl_json("list")["ike-sas"]), "raveld says that none is in use")
