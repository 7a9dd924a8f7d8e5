# SPDX-License-Identifier: BSD-2-Clause
"""raveld is told DNS servers, their domains (RFC 8598) and networks with its address."""

LIKE = ("config-payload",)
INITIATORS = ("raveld",)


TOLD = {"local-vips": ["10.3.0.1"], "dns": ["10.2.0.53", "10.2.0.54"], "nbns": ["10.2.0.55"],
        "domains": ["corp.example", "lab.example"], "subnets": ["10.2.0.0/16"]}
UNKNOWN = {"libreswan": ("nbns", "subnets")}      # what a peer can't tell


def run(play):
    play.connect()
    ike, = play.bed.ravelctl_json("list")["ike-sas"]
    for key, value in TOLD.items():
        value = [] if key in UNKNOWN.get(play.peer.name, ()) else value
        play.expect(ike[key] == value, f"{key} is {value}: {ike[key]}")
    play.passes([("10.3.0.1", "10.2.0.1")])
