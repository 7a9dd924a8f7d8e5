# SPDX-License-Identifier: BSD-2-Clause
"""raveld is told DNS servers, their domains (RFC 8598) and networks with its address."""

LIKE = ("config-payload",)
INITIATORS = ("raveld",)


def run(play):
    play.connect()
    ike, = play.bed.ravelctl_json("list")["ike-sas"]
    for key, value in (("local-vips", ["10.3.0.1"]), ("dns", ["10.2.0.53", "10.2.0.54"]), ("nbns", ["10.2.0.55"]),
                       ("domains", ["corp.example", "lab.example"]), ("subnets", ["10.2.0.0/16"])):
        play.expect(ike[key] == value, f"{key} is {value}: {ike[key]}")
    play.passes([("10.3.0.1", "10.2.0.1")])
