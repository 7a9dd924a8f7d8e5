# SPDX-License-Identifier: BSD-2-Clause
"""Every scenario in every way that it can be played, as TAP."""
import collections
import sys

import suite
from bed import PEERS, Bed
from ground import ROOT, LabError
from scenario import Play, scenarios
from suite import comment

OUT = ROOT / "build/scenarios"

Case = collections.namedtuple("Case", "scenario peer backend initiator")


def name(case):
    backend = {"soft": "software", "user": "NIC"}[case.backend]
    return f"{case.scenario.name}: {case.peer}, {backend}, {case.initiator} initiates"


def cases():
    """In an order in which few beds are made."""
    return [Case(scenario, peer, backend, initiator)
            for peer in PEERS for backend in ("soft", "user")
            for scenario in sorted(scenarios(), key=lambda s: (s.family, s.hidden or "", s.nat))
            if peer in scenario.peers() and backend in scenario.backends
            for initiator in scenario.initiators(peer)]


class Stage:
    """A bed that serves one case after the other as long as they hold."""

    def __init__(self):
        self._bed, self._made_for, self._count = None, None, 0

    def _bed_for(self, case):
        made_for = case.peer, case.backend, case.scenario.hidden, case.scenario.nat, case.scenario.family
        if self._made_for != made_for:
            self.leave()
            self._count += 1
            out = OUT / f"{self._count}-{case.peer}-{case.backend}"
            self._bed = Bed(out, *made_for)
            self._made_for = made_for
            comment(f"logs and capture: {out.relative_to(ROOT)}")
        return self._bed

    def play(self, case):
        play = None
        try:
            play = Play(self._bed_for(case), case.scenario, case.initiator)
            play.begin()
            case.scenario.run(play)
            play.end()
            self._bed.check()
        except BaseException:
            if play:
                self._tell(play)
                play.close()
            self.leave()
            raise

    @staticmethod
    def _tell(play):
        for end in play.ends:
            try:
                lines = end.log().splitlines()[-30:]
            except (AttributeError, LabError, OSError) as error:
                lines = [str(error)]
            comment("\n".join(f"{end.name}: {line}" for line in lines))

    def leave(self):
        bed, self._bed, self._made_for = self._bed, None, None
        if bed:
            bed.close()


def run(words, chosen=None):
    """Play the cases whose names are chosen and have all of the words in them; the exit status."""
    found = {name(case): case for case in cases()}
    if missing := set(chosen or ()) - set(found):
        sys.exit(f"there is no scenario {', '.join(missing)}")
    found = {text: case for text, case in found.items()
             if (chosen is None or text in chosen) and all(word in text or word in case.scenario.like for word in words)}
    if not found:
        sys.exit(f"no scenario is named so: {' '.join(words)}")
    stage = Stage()
    sys.argv[1:] = []          # words choose here, and not once more there
    try:
        return suite.run([(text, lambda case=case: stage.play(case)) for text, case in found.items()])
    finally:
        stage.leave()
