# SPDX-License-Identifier: BSD-2-Clause
"""What a guest boots into: cpio archives of files from Debian packages, of kernel modules and of ours.

The kernel unpacks archives that follow one another into the same tree. base() is the big one: it
depends on nothing but the cache of packages (scripts/guest-cache) and the files in tests/guest/root,
and is kept in build/guest under the digest of what went into it. archive() makes the small one that
each guest brings with it.
"""
import fcntl
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "build" / "guest"

# Programs, by their path in the packages' root, and links to them that people and kernel type.
PROGRAMS = {
    "usr/bin/busybox": [],
    # What runs programs: in busybox these would prefer its applets to the programs below.
    "usr/bin/dash": ["usr/bin/sh"],
    "usr/bin/bash": [],
    **{f"usr/bin/{name}": [] for name in ("env", "timeout", "nice", "nohup", "xargs", "find", "setsid", "taskset",
                                          "unshare", "nsenter")},
    "usr/bin/ip": ["usr/sbin/ip"],
    "usr/bin/ss": [],
    "usr/bin/nstat": [],
    "usr/sbin/tc": [],
    "usr/sbin/bridge": [],
    "usr/sbin/devlink": [],
    "usr/sbin/ethtool": [],
    "usr/bin/kmod": [f"usr/sbin/{n}" for n in ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod")],
    "usr/bin/ping": [],
    "usr/bin/iperf3": [],
    "usr/bin/tcpdump": [],
    "usr/bin/lspci": [],
    "usr/bin/setpci": [],
    "usr/sbin/charon-systemd": [],
    "usr/sbin/swanctl": [],
}
# Opened at run time, so no program names them: glibc wants the first for pthread_cancel.
LIBRARIES = ["usr/lib/x86_64-linux-gnu/libgcc_s.so.1"]
# Those that the release has: OpenSSL's took over some of the others in strongSwan 6.
STRONGSWAN = """nonce random openssl kdf pem x509 pubkey revocation pkcs1 pkcs8 kernel-netlink kernel-libipsec
socket-default vici updown counters""".split()

# Terminals that the shell can be at.
TERMINALS = "x/xterm x/xterm-256color s/screen s/screen-256color t/tmux t/tmux-256color l/linux v/vt100 v/vt102".split()

# Modules of the kernel package; those that they depend on come with them.
MODULES = """xfrm_user xfrm_algo xfrm_interface esp4 esp4_offload esp6 esp6_offload af_key xfrm4_tunnel xfrm6_tunnel
ah4 ah6 ip_vti ip6_tunnel tunnel4 gcm ccm seqiv echainiv authenc authencesn aesni-intel crypto_null
chacha20poly1305 aer_inject tun tap veth dummy bridge 8021q bonding macvlan vrf nlmon virtio_net pktgen
sch_netem sch_fq sch_ingress sch_prio sch_tbf act_mirred cls_matchall cls_u32 tcp_diag udp_diag inet_diag vfio-pci""".split()
# What newer kernels have built in, or in their libraries.
OLDER = """ghash-clmulni-intel ghash-generic sha1-ssse3 sha256-ssse3 sha512-ssse3 crc32c_generic crc32c-intel
crct10dif-pclmul ctr drbg jitterentropy_rng sha512_generic chacha_generic poly1305_generic virtio_pci
virtio_console""".split()


class CacheError(Exception):
    pass


def cache(kernel=None):
    """Paths of scripts/guest-cache: a dictionary with tools, guest, kernel and the kernel's version. kernel:
    one that is fetched when asked for, by the name it has there."""
    done = subprocess.run([str(ROOT / "scripts/guest-cache"), "--paths", *([kernel] if kernel else [])],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise CacheError(f"scripts/guest-cache failed: {done.stderr.strip()}")
    paths = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {k: v if k == "version" else pathlib.Path(v) for k, v in paths.items()}


def dynamic_linker(root, program, *args, name=None):
    """The command line that runs a program of another root with that root's libraries."""
    lib = root / "usr/lib"
    return [str(root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path",
            f"{lib}/x86_64-linux-gnu:{lib}/ipsec", *(["--argv0", name] if name else []),
            str(root / program), *map(str, args)]


class Archive:
    """A cpio archive ("newc") in the making. Owner and times are always the same."""

    def __init__(self):
        self._entries = {}

    def _add(self, path, mode, data=b"", device=(0, 0)):
        path = path.strip("/")
        parent = os.path.dirname(path)
        if parent and parent not in self._entries:
            self._add(parent, stat.S_IFDIR | 0o755)
        if stat.S_ISDIR(mode) and path in self._entries:
            return
        self._entries[path] = (mode, data, device)

    def directory(self, path, mode=0o755):
        self._add(path, stat.S_IFDIR | mode)

    def file(self, path, data, mode=0o644):
        self._add(path, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, major, minor):
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def copy(self, source, path):
        self.file(path, source.read_bytes(), 0o755 if os.access(source, os.X_OK) else 0o644)

    def has(self, path):
        return path in self._entries

    def write(self, out):
        for inode, (path, entry) in enumerate([*self._entries.items(), ("TRAILER!!!", (0, b"", (0, 0)))], 1):
            mode, data, device = entry
            name = path.encode() + b"\0"
            fields = (inode, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(data), 0, 0, *device, len(name), 0)
            head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
            out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))


def libraries(root, path):
    """Shared libraries that an ELF file of root needs, as paths in root."""
    done = subprocess.run(dynamic_linker(root, path)[:3] + ["--list", str(root / path)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode and not done.stderr.strip() or "statically linked" in done.stdout:
        return []              # linked statically
    if done.returncode or "not found" in done.stdout:
        raise CacheError(f"{path}: {done.stderr.strip() or done.stdout.strip()}")
    needed = re.findall(r"=> (/\S+)", done.stdout)
    return [os.path.relpath(n, root) for n in needed]


def _put_programs(archive, root):
    for path, links in PROGRAMS.items():
        for link in links:
            archive.link(link, "/" + path)
    needed = {"usr/lib64/ld-linux-x86-64.so.2"}
    plugins = [f"usr/lib/ipsec/plugins/libstrongswan-{name}.so" for name in STRONGSWAN]
    for path in [*PROGRAMS, *LIBRARIES, *(p for p in plugins if (root / p).exists())]:
        if not (root / path).exists():
            raise CacheError(f"{root / path} is in none of the packages")
        archive.copy(root / path, path)
        needed.update(libraries(root, path))
    for path in sorted(needed):
        archive.copy(root / path, path)
    for terminal in TERMINALS:
        found = next((root / f"usr/{where}/terminfo" / terminal for where in ("lib", "share")
                      if (root / f"usr/{where}/terminfo" / terminal).exists()), None)
        if found:
            archive.copy(found, f"usr/lib/terminfo/{terminal}")
    applets = subprocess.run([str(root / "usr/bin/busybox"), "--list"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.split()
    for applet in applets:
        if not any(archive.has(f"usr/{where}/{applet}") for where in ("bin", "sbin")):
            archive.link(f"usr/bin/{applet}", "busybox")


def _modules(kernel, version):
    """The chosen modules and what they depend on: a dictionary of path below lib/modules to content."""
    tree = kernel / "usr/lib/modules" / version
    paths = {p.name.split(".")[0].replace("-", "_"): p for p in (tree / "kernel").rglob("*.ko*")}
    builtin = {pathlib.Path(line).stem.replace("-", "_")
               for line in (tree / "modules.builtin").read_text().splitlines()}
    chosen, todo = {}, [name.replace("-", "_") for name in MODULES]
    todo += [name for name in (older.replace("-", "_") for older in OLDER) if name in paths]
    while todo:
        name = todo.pop()
        if name in builtin:
            continue
        if name not in paths:
            raise CacheError(f"no module {name} in the kernel package {version}")
        where = str(paths[name].relative_to(tree)).removesuffix(".xz")
        if where in chosen:
            continue
        data = paths[name].read_bytes()
        if paths[name].suffix == ".xz":
            data = lzma.decompress(data)
        chosen[where] = data
        for kind, found in re.findall(rb"\0(depends|softdep)=([^\0]+)", data):
            names = [n.replace("-", "_") for n in re.split(r"[, ]+", found.decode()) if n not in ("pre:", "post:")]
            # what is merely wished for may be an alias, or not there
            todo += [n for n in names if kind == b"depends" or n in paths]
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        chosen[name] = (tree / name).read_bytes()
    return chosen


def _put_modules(archive, paths):
    version = paths["version"]
    with tempfile.TemporaryDirectory(prefix="ravelin-") as folder:
        tree = pathlib.Path(folder) / "lib/modules" / version
        for name, data in _modules(paths["kernel"], version).items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(data)
        subprocess.run(dynamic_linker(paths["guest"], "usr/bin/kmod", "-b", folder, version, name="depmod"),
                       check=True)
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.copy(path, f"usr/lib/modules/{version}/{path.relative_to(tree)}")


def _own_files():
    return sorted(p for p in (HERE / "root").rglob("*") if p.is_file())


def base(paths):
    """The archive that all guests share; its path."""
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for name in ("guest", "kernel", "version"):
        digest.update(f"{paths[name]}\0".encode())
    for path in _own_files():
        digest.update(f"{path.relative_to(HERE)} {os.access(path, os.X_OK)}\0".encode() + path.read_bytes())
    OUT.mkdir(parents=True, exist_ok=True)
    final = OUT / f"base-{digest.hexdigest()[:16]}.cpio"
    if final.exists():
        return final
    # Suites that start together need the same one.
    with open(OUT / ".base.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.exists():
            return final
        archive = Archive()
        for path in ("dev", "proc", "sys", "run", "tmp", "root", "mnt", "var/log", "etc",
                     *[f"etc/swanctl/{name}" for name in ("x509", "x509ca", "private", "pkcs8", "rsa", "ecdsa")]):
            archive.directory(path)
        archive.link("var/run", "/run")
        for name in ("bin", "sbin", "lib", "lib64"):
            archive.link(name, f"usr/{name}")
        # the kernel opens the console before anything is mounted
        archive.node("dev/console", 5, 1)
        archive.node("dev/null", 1, 3)
        archive.file("etc/passwd", "root::0:0:root:/root:/bin/sh\n")
        archive.file("etc/group", "root:x:0:\n")
        _put_programs(archive, paths["guest"])
        _put_modules(archive, paths)
        for path in _own_files():
            archive.copy(path, str(path.relative_to(HERE / "root")))
        temporary = final.with_suffix(f".{os.getpid()}")
        try:
            with open(temporary, "wb") as out:
                archive.write(out)
            for old in OUT.glob("base-*.cpio"):
                # not one that another suite has just been given the name of
                if old.stat().st_mtime < time.time() - 3600:
                    old.unlink()
            temporary.rename(final)
        finally:
            temporary.unlink(missing_ok=True)
    return final


def image(path, paths, files, modules):
    """Write to path what one guest boots: the base, then files (path in the guest to text, octets or a
    pathlib.Path to copy) and kernel modules (paths here), which land in lib/modules/VERSION/extra."""
    archive = Archive()
    for name, content in files.items():
        if isinstance(content, pathlib.Path):
            archive.copy(content, name)
        else:
            archive.file(name, content, 0o755 if content[:2] in ("#!", b"#!") else 0o644)
    for module in map(pathlib.Path, modules):
        # through /lib, which the base made a link, the kernel would not go
        archive.file(f"usr/lib/modules/{paths['version']}/extra/{module.name}", module.read_bytes())
    with open(path, "wb") as out, open(base(paths), "rb") as shared:
        shutil.copyfileobj(shared, out)
        archive.write(out)
