# SPDX-License-Identifier: BSD-2-Clause
"""Twenty Child SAs in one IKE SA, each with traffic: either end replaces some of them, then the IKE SA, and all
of them one after the other. No packet is lost. Then half of them go, and the others stay."""

NETWORKS = 20
NAMES = [f"net{number}" for number in range(NETWORKS)]


def files(side, other):
    return {"children.conf": "".join(f"{name} {{\n  local_ts = 10.{side}.{number}.0/24\n  remote_ts = 10.{other}.{number}.0/24\n}}\n"
                                     for number, name in enumerate(NAMES))}


def run(play):
    play.connect(NAMES)
    with play.traffic():
        for end in play.ends:
            for name in NAMES[::7]:
                play.rekey(end, name, NAMES)
            play.rekey_ike(end, NAMES)
        play.step("all rekeyed, each end every other one")
        before = play.agree(NAMES)
        for number, name in enumerate(NAMES):
            play.ends[number % 2].rekey(name)
        play.wait("all have others", lambda: (now := play.sas(NAMES)) and not set(now[1]) & set(before[1]))
    for number, name in enumerate(NAMES[::2]):
        play.ends[number % 2].down(name)
    play.agree(NAMES[1::2])
