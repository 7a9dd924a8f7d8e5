# SPDX-License-Identifier: BSD-2-Clause
"""raveld says its password itself (GTC), which gives no key: AUTH is made with those of IKE."""
import eap

PEERS = ("strongswan-5.9",)
BACKENDS = ("soft",)
INITIATORS = ("raveld",)


def files(side, other):
    return eap.files(side, server=2, auth="eap-gtc")


def run(play):
    play.connect()
    play.passes()
