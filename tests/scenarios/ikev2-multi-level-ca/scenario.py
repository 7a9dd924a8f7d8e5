# SPDX-License-Identifier: BSD-2-Clause
"""Two authorities between each end and the one that both trust, of RSA with 4096 bits: each end sends its own, and
IKE_AUTH goes in fragments."""
import certs

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
LIKE = ("multi-level-ca",)


def files(side, other):
    return certs.files(side, "rsa:4096", between=2)


def run(play):
    before = play.bed.ravelctl_json("stats")["ike"]
    play.connect()
    play.passes()
    stats = play.bed.ravelctl_json("stats")["ike"]
    for way in ("fragments_out", "fragments_in"):
        play.expect(stats[way] - before[way] >= 4, f"{way}: {stats[way] - before[way]}")
