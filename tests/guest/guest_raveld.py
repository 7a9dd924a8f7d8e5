# SPDX-License-Identifier: BSD-2-Clause
"""raveld in a guest."""
import json
import pathlib
import re
import subprocess

from ground import ROOT, LabError, wait_for
from hosts import Fixture, swanctl_conf


def files_of(programs):
    """Programs, and the libraries of theirs that guests have not got, as files of a guest."""
    files = {}
    for path in programs:
        if not path.exists():
            raise LabError(f"{path} is not built: run `make`")
        files[f"usr/bin/{path.name}"] = path
        needed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        for library in re.findall(r"=> (/\S*lib(?:uv|jansson|mnl|pci|udev|z|cmocka|ssl|p11)\.so\S*)", needed):
            files[f"usr/lib/x86_64-linux-gnu/{pathlib.Path(library).name}"] = pathlib.Path(library).resolve()
    return files


def program_files():
    """raveld and ravelctl."""
    return files_of(ROOT / "build/bin" / name for name in ("raveld", "ravelctl"))


def conf_of(me, peer, daemon="", **kwargs):
    """raveld's configuration where strongSwan's would be swanctl_conf(me, peer, ...). daemon: keys of its section
    raveld."""
    return (f"raveld {{\n  qcd_secret = none\n  log_level = debug\n  {daemon}\n}}\n"
            + swanctl_conf(me, peer, **{"offload": "auto", **kwargs}))


class RaveldFixture(Fixture):
    """What raveld of self.guest lists. Each question is asked once: between two answers an SA may go."""

    def children(self):
        return [child for sa in json.loads(self.guest.sh("ravelctl --json list"))["ike-sas"]
                for child in sa["child-sas"]]

    def _installed(self):
        return [child for child in self.children() if child["state"] == "INSTALLED"]

    def child(self):
        """One that is installed; between two there may be none."""
        return wait_for("a Child SA is installed", self._installed)[0]

    def another_than(self, spi):
        """Wait until what is installed are others than the SA of this SPI of either direction."""
        def others():
            found = self._installed()
            return found and all(spi not in (child["spi-in"], child["spi-out"]) for child in found)
        wait_for(f"another SA is in the place of {spi}", others)
