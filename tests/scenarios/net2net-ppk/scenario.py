# SPDX-License-Identifier: BSD-2-Clause
"""Both ends have a post-quantum pre-shared key, and insist on it (RFC 8784). Either end replaces both SAs."""

LIKE = ("net2net-ppk",)
PEERS = ("strongswan-5.9", "strongswan-6.0")
BACKENDS = ("soft",)


def run(play):
    play.both_replace_both()
    play.expect(all(ike.get("ppk") for ike in play.bed.ravelctl_json("list")["ike-sas"]), "raveld says that it is in use")
    play.expect("PPK" in play.peer.log(), "and so does the peer")
