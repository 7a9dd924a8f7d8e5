#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the C header, the SystemVerilog package and the reference page from ravelin.toml.

usage: generate.py ROOT          write the three files below ROOT
       generate.py --check ROOT  write nothing; exit 1 and name each file that differs
"""
import pathlib
import sys
import tomllib

HEADER = "driver/core/rvl_regs.h"
PACKAGE = "hw/rtl/ravelin_regs_pkg.sv"
PAGE = "docs/registers.md"
SOURCE = "hw/regs/ravelin.toml"


# Names of ours that SystemVerilog, or Verilator's C++, keeps for itself; such a member's ends in _.
KEYWORDS = {"bit", "byte", "event", "function", "priority", "tagged", "type", "vector"}


def fail(message):
    sys.exit(f"{SOURCE}: {message}")


def bits_of(mask):
    """Lowest bit and width of a mask of neighbouring bits; (0, 0) for another."""
    lsb = (mask & -mask).bit_length() - 1
    width = (mask >> lsb).bit_length() if mask else 0
    return (lsb, width) if mask and mask >> lsb == (1 << width) - 1 else (0, 0)


def check(m):
    """Refuse a map that overlaps itself or leaves holes in a structure."""
    seen = {}
    for r in m["register"]:
        if r["offset"] % 4 or r["offset"] >= m["counters"]["offset"]:
            fail(f"register {r['name']}: bad offset {r['offset']:#x}")
        if r["offset"] in seen:
            fail(f"registers {r['name']} and {seen[r['offset']]} share {r['offset']:#x}")
        seen[r["offset"]] = r["name"]
        used = 0
        for f in r.get("fields", []):
            mask = ((1 << f["width"]) - 1) << f["lsb"]
            if used & mask or mask >> 32:
                fail(f"register {r['name']}: field {f['name']} overlaps or leaves 32 bits")
            used |= mask
    bits = {e["name"]: e["width"] for e in m["enum"] if e["kind"] == "bits"}
    records = {}
    for s in m["struct"]:
        at = 0
        for f in s["fields"]:
            if f["octet"] != at:
                fail(f"struct {s['name']}: field {f['name']} at {f['octet']}, expected {at}")
            at += f["size"]
            if "bits" in f and bits.get(f["bits"]) != 8 * f["size"]:
                fail(f"struct {s['name']}: field {f['name']} has not the width of {f['bits']}")
            if "record" in f and records.get(f["record"]) != f["size"]:
                fail(f"struct {s['name']}: field {f['name']} has not the size of {f['record']}")
        if at != s["size"]:
            fail(f"struct {s['name']}: {at} octets, expected {s['size']}")
        records[s["name"]] = s["size"]
    for e in m["enum"]:
        used = 0
        values = [v["value"] for v in e["values"]]
        if len(set(values)) != len(values):
            fail(f"enum {e['name']}: a value stands twice")
        for v in e["values"]:
            if v["value"] >> e["width"]:
                fail(f"enum {e['name']}: {v['name']} has more than {e['width']} bits")
            if e["kind"] == "bits" and (used & v["value"] or not bits_of(v["value"])[1]):
                fail(f"enum {e['name']}: {v['name']} overlaps another or has a hole")
            used |= v["value"]


def c_type(field):
    if "record" in field:
        return None
    return {1: "uint8_t", 2: "rvl_le16", 3: "rvl_le24", 4: "rvl_le32", 8: "rvl_le64"}.get(field["size"])


def packed(name, width, members):
    """A packed struct of (lowest bit, width or type, name); what lies between is reserved."""
    lines, at, gaps = [], 0, 0
    for lsb, bits, member_type, member in sorted(members):
        if lsb > at:
            lines.append(f"    {logic(lsb - at)} gap{gaps};")
            gaps += 1
        member += "_" if member in KEYWORDS else ""
        lines.append(f"    {member_type} {member};")
        at = lsb + bits
    if at < width:
        lines.append(f"    {logic(width - at)} gap{gaps};")
    return ["  typedef struct packed {", *reversed(lines), f"  }} {name};"]


def logic(width):
    return "logic" if width == 1 else f"logic [{width - 1}:0]"


def c_header(m):
    d = m["device"]
    out = [
        "/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */",
        f"/* Generated from {SOURCE} by hw/regs/generate.py; `make regs` writes it anew. */",
        "/* clang-format off */",
        "#ifndef RVL_REGS_H",
        "#define RVL_REGS_H",
        "",
        '#include "rvl_os.h"',
        "",
    ]
    for key, value in d.items():
        out.append(f"#define RVL_{key.upper()} {value:#x}U")
    q, c = m["queue_pairs"], m["counters"]
    out += [
        "",
        "/* Registers in BAR0, 32 bits each; with (q): one per queue pair. */",
        f"#define RVL_QP_STRIDE {q['stride']:#x}U",
        f"#define RVL_QP_MAX {q['max']}U",
    ]
    for r in m["register"]:
        off = f"{r['offset']:#06x}U"
        if "count" in r:
            out.append(f"#define RVL_REG_{r['name']}(q) ({off} + (q) * RVL_QP_STRIDE)")
        else:
            out.append(f"#define RVL_REG_{r['name']} {off}")
        for f in r.get("fields", []):
            mask = ((1 << f["width"]) - 1) << f["lsb"]
            out.append(f"#define RVL_{r['name']}_{f['name']}_SHIFT {f['lsb']}")
            out.append(f"#define RVL_{r['name']}_{f['name']}_MASK {mask:#x}U")
    out += [
        "",
        "/* A field, of a register or of flags, taken out of a word or put into one. */",
        "#define RVL_GET(field, word) (((word) & RVL_##field##_MASK) >> RVL_##field##_SHIFT)",
        "#define RVL_PUT(field, value) (((uint32_t)(value) << RVL_##field##_SHIFT) & RVL_##field##_MASK)",
    ]
    for e in m["enum"]:
        out += ["", f"/* {e['description']} */"]
        for v in e["values"]:
            name, value = f"RVL_{e['name']}_{v['name']}", v["value"]
            if e["kind"] == "bits" and bits_of(value)[1] > 1:
                out.append(f"#define {name}_SHIFT {bits_of(value)[0]}")
                name += "_MASK"
            out.append(f"#define {name} {value:#x}U /* {v['description']} */")
    for s in m["struct"]:
        if s.get("part"):
            continue
        out += ["", f"/* {s['description']} */", f"struct rvl_{s['name'].lower()} {{"]
        for f in s["fields"]:
            name, ctype = f["name"].lower(), c_type(f)
            decl = f"{ctype} {name};" if ctype else f"uint8_t {name}[{f['size']}];"
            out.append(f"\t{decl} /* {f['description']} */")
        out += ["};", f"_Static_assert(sizeof(struct rvl_{s['name'].lower()}) == {s['size']}, \"ABI\");"]
        for f in s["fields"]:
            n, s_n = f["name"].lower(), s["name"].lower()
            out.append(f"_Static_assert(offsetof(struct rvl_{s_n}, {n}) == {f['octet']}, \"ABI\");")
    out += [
        "",
        "/* Counters, 64 bits each, at RVL_COUNTER_OFFSET + index * RVL_COUNTER_STRIDE. */",
        f"#define RVL_COUNTER_OFFSET {c['offset']:#x}U",
        f"#define RVL_COUNTER_STRIDE {c['stride']}U",
        "enum rvl_counter {",
    ]
    for k in m["counter"]:
        out.append(f"\tRVL_CNT_{k['name'].upper()}, /* {k['description']} */")
    out += ["\tRVL_CNT_NUM,", "};", ""]
    out += ["/* X(name, description) for each counter, in the order of enum rvl_counter. */"]
    out += ["#define RVL_COUNTERS(X) \\"]
    rows = [f'\tX({k["name"]}, "{k["description"]}")' for k in m["counter"]]
    out.append(" \\\n".join(rows))
    out += ["", "#endif", ""]
    return "\n".join(out)


def sv_package(m):
    out = [
        "// SPDX-License-Identifier: BSD-2-Clause",
        f"// Generated from {SOURCE} by hw/regs/generate.py; `make regs` writes it anew.",
        "/* verilator lint_off UNUSEDPARAM */",
        "package ravelin_regs_pkg;",
    ]

    def const(name, value, comment=""):
        tail = f"  // {comment}" if comment else ""
        out.append(f"  localparam logic [31:0] {name} = 32'h{value:x};{tail}")

    def num(name, value, comment=""):
        tail = f"  // {comment}" if comment else ""
        out.append(f"  localparam int unsigned {name} = {value};{tail}")

    for key, value in m["device"].items():
        const(key.upper(), value)
    out += ["", "  // Register offsets in BAR0, and the bits of their fields"]
    const("QP_STRIDE", m["queue_pairs"]["stride"])
    num("QP_MAX", m["queue_pairs"]["max"])
    for r in m["register"]:
        const(f"REG_{r['name']}", r["offset"])
        if "reset" in r:
            const(f"{r['name']}_RESET", r["reset"])
        if "fields" in r:
            fields = [(f["lsb"], f["width"], logic(f["width"]), f["name"].lower()) for f in r["fields"]]
            out += packed(f"reg_{r['name'].lower()}_t", 32, fields)
    for e in m["enum"]:
        out += ["", f"  // {e['description']}"]
        if e["kind"] == "bits":
            fields = [(*bits_of(v["value"]), logic(bits_of(v["value"])[1]), v["name"].lower())
                      for v in e["values"]]
            out += packed(f"{e['name'].lower()}_t", e["width"], fields)
            continue
        for v in e["values"]:
            out.append(f"  localparam {logic(e['width'])} {e['name']}_{v['name']} = {e['width']}'h{v['value']:x};")
    out += ["", "  // SA and policy indices in every record"]
    num("INDEX_W", 24)
    for s in m["struct"]:
        out += ["", f"  // {s['name']}: octet 0 is bits 7:0"]
        num(f"{s['name']}_OCTETS", s["size"])
        num(f"{s['name']}_W", s["size"] * 8)
        fields = []
        for f in s["fields"]:
            width = 8 * f["size"]
            kind = f"{(f.get('bits') or f.get('record')).lower()}_t" if "bits" in f or "record" in f else logic(width)
            fields.append((8 * f["octet"], width, kind, f["name"].lower()))
        out += packed(f"{s['name'].lower()}_t", 8 * s["size"], fields)
    out += ["", "  // Counters: index of each"]
    const("COUNTER_OFFSET", m["counters"]["offset"])
    num("COUNTER_STRIDE", m["counters"]["stride"])
    for i, k in enumerate(m["counter"]):
        num(f"CNT_{k['name'].upper()}", i)
    num("CNT_NUM", len(m["counter"]))
    out += ["endpackage", "/* verilator lint_on UNUSEDPARAM */", ""]
    return "\n".join(out)


def page(m):
    d, q, c = m["device"], m["queue_pairs"], m["counters"]
    out = [
        "# Device interface: registers, descriptors, commands, events, counters",
        "",
        f"Generated from `{SOURCE}` by `hw/regs/generate.py`; `make regs` writes it anew.",
        "",
        f"PCI ID {d['vendor_id']:04x}:{d['device_id']:04x}, class {d['class_code']:06x}, "
        f"ABI {d['abi_major']}.{d['abi_minor']}. BAR0 holds the registers ({d['bar0_size'] // 1024} KiB), "
        f"BAR2 the MSI-X table (at {d['msix_table_offset']:#x}) and PBA (at {d['msix_pba_offset']:#x}).",
        "",
        "Everything is little-endian. Registers are read and written 32 bits at a time. Reserved bits and",
        "octets are zero. Ring pointers are free-running 16-bit counters; an entry is the pointer modulo the",
        "ring's size. The phase bit of an entry written by the device is 1 in the first pass over the ring,",
        "0 in the second, and so on.",
        "",
        "## Registers",
        "",
        f"Those marked *per queue pair* repeat every {q['stride']:#x} octets.",
        "",
        "| offset | name | access | reset | description |",
        "|---|---|---|---|---|",
    ]
    for r in m["register"]:
        each = " *(per queue pair)*" if "count" in r else ""
        reset = str(r["reset"]) if "reset" in r else ("" if r["access"] == "ro" else "0")
        out.append(f"| {r['offset']:#06x} | {r['name']}{each} | {r['access']} | {reset} | {r['description']} |")
    out += ["", "### Fields", "", "| register | bits | field | description |", "|---|---|---|---|"]
    for r in m["register"]:
        for f in r.get("fields", []):
            hi, lo = f["lsb"] + f["width"] - 1, f["lsb"]
            bits = f"{hi}:{lo}" if hi != lo else f"{lo}"
            out.append(f"| {r['name']} | {bits} | {f['name']} | {f['description']} |")
    out += ["", "## Structures"]
    for s in m["struct"]:
        out += ["", f"### {s['name']}: {s['size']} octets", "", s["description"], "",
                "| octet | size | field | description |", "|---|---|---|---|"]
        for f in s["fields"]:
            out.append(f"| {f['octet']} | {f['size']} | {f['name']} | {f['description']} |")
    out += ["", "## Names"]
    for e in m["enum"]:
        out += ["", f"### {e['name']}", "", e["description"], "", "| value | name | meaning |", "|---|---|---|"]
        for v in e["values"]:
            value = f"{v['value']:#x}" if e["kind"] == "bits" else str(v["value"])
            out.append(f"| {value} | {v['name']} | {v['description']} |")
    out += [
        "", "## Counters", "",
        f"64 bits each, from {c['offset']:#06x} on; reading the low half latches the high half.", "",
        "- `tx_frames` = `tx_bypass` + `tx_protected` + all `tx_drop_*`",
        "- `rx_frames` = `rx_pass` + `rx_decrypted` + all `rx_drop_*`",
        "", "| offset | counter | counts |", "|---|---|---|",
    ]
    for i, k in enumerate(m["counter"]):
        out.append(f"| {c['offset'] + i * c['stride']:#06x} | {k['name']} | {k['description']} |")
    out.append("")
    return "\n".join(out)


def main():
    args = sys.argv[1:]
    checking = args[:1] == ["--check"]
    if len(args) != (2 if checking else 1):
        sys.exit(__doc__)
    root = pathlib.Path(args[-1])
    m = tomllib.loads((root / SOURCE).read_text())
    check(m)
    stale = []
    for name, text in ((HEADER, c_header(m)), (PACKAGE, sv_package(m)), (PAGE, page(m))):
        path = root / name
        if path.exists() and path.read_text() == text:
            continue
        if checking:
            stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        sys.exit(f"differs from {SOURCE} (run `make regs`): " + ", ".join(stale))


if __name__ == "__main__":
    main()
