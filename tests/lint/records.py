#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Find records of the device ABI that are taken apart by hand.

usage: records.py FILE...

hw/regs/ravelin.toml is the one place that says where a field lies. In SystemVerilog a value of a type
of ravelin_regs_pkg, or what the register bus carries, is not sliced: its members have names. (A beat
of it, counted in DataW, is no field.) In C a mask is not shifted by its SHIFT: RVL_GET and RVL_PUT do.
"""
import re
import sys

DECLARED = re.compile(r"\bravelin_regs_pkg::\w+_t\s+([^;:()]+?)\s*(?:[;)]|,?\s*(?://.*)?$)")
BUS = {"bus_wdata_i", "bus_wdata_o", "own_rdata"}
SHIFT = re.compile(r"(<<|>>)\s*RVL_\w+_SHIFT\b")
LE = re.compile(r"\brvl_le\d+_to_cpu\([^()]*\)\s*(>>|&)\s*(0x)?\d")


def code(line, comment):
    return line.split(comment)[0]


def sliced(lines):
    names = set(BUS)
    for line in lines:
        for found in DECLARED.finditer(code(line, "//")):
            names |= {n.strip() for n in found.group(1).split(",") if n.strip().isidentifier()}
    pattern = re.compile(r"(?<![\w.])(" + "|".join(sorted(names)) + r")(\.\w+)*\s*\[(?!DataW\b)")
    return [(n, code(line, "//").strip()) for n, line in enumerate(lines, 1) if pattern.search(code(line, "//"))]


def shifted(lines):
    return [(n, line.strip()) for n, line in enumerate(lines, 1) if SHIFT.search(line) or LE.search(line)]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    bad = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as f:
            lines = f.read().splitlines()
        for number, line in sliced(lines) if name.endswith(".sv") else shifted(lines):
            print(f"{name}:{number}: a record taken apart by hand: {line}")
            bad = 1
    sys.exit(bad)


if __name__ == "__main__":
    main()
