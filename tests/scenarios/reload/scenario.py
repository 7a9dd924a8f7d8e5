# SPDX-License-Identifier: BSD-2-Clause
"""raveld reads another configuration under traffic, three times: with one more connection, with other times, and without
that connection. The SAs stay as they are, and the last of the times holds for the next one."""

OTHER = """elsewhere : gateway {
		remote_addrs = 192.0.2.200
		children {
			net {
				local_ts = 10.1.0.0/24
				remote_ts = 10.9.0.0/24
			}
		}
	}
	"""


def run(play):
    before = play.connect()
    with play.traffic():
        play.step("one more connection")
        said = play.raveld.reload("gw : gateway {", f"{OTHER}gw : gateway {{")
        play.expect("1 added (elsewhere.net), 1 unchanged" in said, said)
        play.move()
        play.step("other times")
        said = play.raveld.reload("remote_ts = 10.2.0.0/24\n", "remote_ts = 10.2.0.0/24\nrekey_time = 10m\n")
        play.expect("1 adjusted (gw.net), 1 unchanged" in said, said)
        play.move()
        play.step("without the other one")
        play.expect("1 removed (elsewhere.net), 1 unchanged" in (said := play.raveld.reload(OTHER, "")), said)
        play.move()
        play.expect(play.agree() == before, "the SAs are the same")
        play.rekey(play.raveld)
    play.passes()
