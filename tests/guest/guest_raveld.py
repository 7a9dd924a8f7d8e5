# SPDX-License-Identifier: BSD-2-Clause
"""raveld in a guest."""
import pathlib
import re
import subprocess

from ground import ROOT, LabError
from hosts import swanctl_conf


def files_of(programs):
    """Programs, and the libraries of theirs that guests have not got, as files of a guest."""
    files = {}
    for path in programs:
        if not path.exists():
            raise LabError(f"{path} is not built: run `make`")
        files[f"usr/bin/{path.name}"] = path
        needed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        for library in re.findall(r"=> (/\S*lib(?:uv|jansson|mnl|pci|udev|z|cmocka|ssl)\.so\S*)", needed):
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
