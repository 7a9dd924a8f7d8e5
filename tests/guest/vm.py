# SPDX-License-Identifier: BSD-2-Clause
"""Virtual machines with the simulated NIC in them.

    with Ground(out, ["nic", "peer"]) as ground:
        ground.veth("nic", "wire0", "peer", "eth0")
        nic = ground.ravelsim("nic0", "nic", "veth:wire0")
        guest = Guest(ground, "left", nics=[nic], modules=[path_of_ko])
        guest.boot()
        guest.sh("modprobe ravelin && ip link set eth0 up")     # LabError unless it ends with 0
        done = guest.run("ping -c 1 192.0.2.2", timeout=10)     # done.status, done.out, done.err
        guest.check_console()                                   # LabError if the kernel complained

A guest is a stock Debian kernel (scripts/guest-cache) on QEMU's q35, its NICs behind PCIe root ports;
root is an initramfs (initramfs.py). It does what the host says over a virtio port; the console is
another one, kept in OUT/NAME.console. Everything ends within a limit: a guest that does not answer is
killed, and the error ends with the last lines of its console.

Limits that a caller gives are seconds of an idle machine with KVM.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lab")]
import initramfs  # noqa: E402
from ground import DEADLINE, ROOT, SLOW, Ground, LabError, Nic, Tap, wait_for  # noqa: E402,F401

CONSOLE_LINES = 50

# What a kernel says when something is wrong with it.
COMPLAINTS = re.compile(
    r"^(?:\[[^\]]*\] )?.*(?:"
    r"\bBUG\b|\bWARNING\b|\bOops\b|Kernel panic|general protection fault|Unable to handle|"
    r"unable to handle|invalid opcode|double fault|Call Trace|kernel tried to|"
    r"INFO: (?:task .* blocked|rcu|possible|lockdep|trying to register)|possible (?:circular|recursive) locking|"
    r"inconsistent lock state|suspicious RCU usage|sleeping function called|scheduling while atomic|"
    r"refcount_t:|(?:soft|hard) lockup|hard LOCKUP|self-detected stall|detected stalls|"
    r"KASAN|KFENCE|UBSAN|KCSAN|kmemleak: \d+ new|list_(?:add|del) corruption|NETDEV WATCHDOG|"
    r"unregister_netdevice: waiting for|page allocation failure|Out of memory|segfault at|trap divide error|"
    r"irq \d+: nobody cared|DMA-API:|Bad page state|stack-protector|Trying to free|"
    r"Freeing alive|sysfs: cannot create duplicate|Unknown symbol|disagrees about version|"
    r"guest-setup: \S+ was not loaded"
    r").*$", re.M)

Done = collections.namedtuple("Done", "status out err")
Done.__doc__ = "A command in a guest: exit status, standard output and error as text."


class Timeout(LabError):
    """A command in a guest took too long and was killed there; the guest itself is well."""


def qemu(paths, *arguments):
    """The command line that runs the cached QEMU, wherever its root lies, and its environment."""
    root = paths["tools"]
    command = initramfs.dynamic_linker(root, "usr/bin/qemu-system-x86_64")
    command += ["-L", root / "usr/share/qemu", "-L", root / "usr/share/seabios", *arguments]
    return command, {"QEMU_MODULE_DIR": str(root / "usr/lib/x86_64-linux-gnu/qemu")}


def accelerators():
    """What QEMU shall try, in this order. RAVELIN_ACCEL=tcg (or kvm) forces one.

    Some hosts have a /dev/kvm without the processor's help behind it; what that emulates is not enough
    for a stock kernel, and QEMU only notices when it is too late to choose again.
    """
    forced = os.environ.get("RAVELIN_ACCEL")
    if forced:
        return [forced]
    flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    able = flags and {"vmx", "svm"} & set(flags[1].split()) and os.access("/dev/kvm", os.R_OK | os.W_OK)
    return ["kvm", "tcg"] if able else ["tcg"]


class Guest:
    """One machine.

    nics      simulated NICs: Nic, or the path of a vfio-user socket; nics[i] is QEMU's device "nici"
    absent    indices of nics whose slots are empty at the start; plug() fills them
    taps      Tap objects, for interfaces of the kernel's own virtio_net
    modules   kernel modules of ours, put where modprobe finds them; nothing loads them
    load      modules to load at the start: lines "NAME [OPTION...]"
    files     further files: path in the guest to text, octets, or a pathlib.Path to copy
    cmdline   more for the kernel's command line
    kernel    another one than most guests have: "oldest" or "newest" (scripts/guest-cache)
    """

    def __init__(self, lab, name, nics=(), absent=(), taps=(), modules=(), load=(), files=None, memory=512, cpus=1,
                 cmdline="", kernel=None, namespace=None, qemu_arguments=(), interactive=False):
        self.lab, self.name = lab, name
        self.nics = [nic.socket if isinstance(nic, Nic) else pathlib.Path(nic) for nic in nics]
        self._absent = set(absent)
        self.taps, self.memory, self.cpus = list(taps), memory, cpus
        self.console = lab.out / f"{name}.console"
        self.version = self.accelerator = None
        self.boot_seconds = self.boot_cpu_seconds = None    # until it answered
        self._interactive = interactive
        self._cmdline, self._kernel = cmdline, kernel
        self._extra = list(qemu_arguments)
        self._namespace = namespace or (self.taps[0].namespace if self.taps else lab.namespace("nic"))
        self._files = dict(files or {})
        if load:
            self._files["etc/guest/modules"] = "\n".join(load) + "\n"
        self._modules = list(modules)
        self._control = self._qmp = self._process = self._listener = None
        self._buffer = b""
        self._qmp_buffer = b""
        self._events = []
        self._checked = 0
        self._slow = SLOW
        self._started = None

    # ------------------------------------------------------------------------------------ boot

    def seconds(self, timeout):
        """A limit for this machine: whole seconds, of an idle one with KVM; None: what any event may take."""
        return max(1, round(DEADLINE if timeout is None else timeout * self._slow))

    @staticmethod
    def nic_device(index, path):
        """The -device (or device_add) of a NIC."""
        return {"driver": "vfio-user-pci", "id": f"nic{index}", "bus": f"port{index}",
                "socket": {"path": str(path), "type": "unix"}, "x-msg-timeout": round(1000 * DEADLINE)}

    @staticmethod
    def _patience():
        """How long a task or a processor may stand before the kernel complains: as long as a test waits for an
        event, as far as the kernel lets itself be told."""
        return (f"sysctl.kernel.hung_task_timeout_secs={DEADLINE:.0f} workqueue.watchdog_thresh={DEADLINE:.0f} "
                f"watchdog_thresh={min(60, DEADLINE / 2):.0f} rcupdate.rcu_cpu_stall_timeout={min(300, DEADLINE):.0f}")

    def arguments(self, paths):
        """QEMU's arguments."""
        run = self.lab.run
        cmdline = ("console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off random.trust_cpu=on "
                   "cryptomgr.notests raid=noautodetect no_timer_check tsc=reliable 8250.nr_uarts=1 "
                   f"{self._patience()} guest.name={self.name} {self._cmdline}")
        if self._interactive:
            # what the kernel does not know it gives to init, as environment
            cmdline += f" guest.shell TERM={os.environ.get('TERM', 'vt102')}"
            console = ["-chardev", f"stdio,id=console,mux=on,signal=off,logfile={self.console}",
                       "-object", "monitor-hmp,id=monitor,chardev=console"]
        else:
            console = ["-chardev", f"file,id=console,path={self.console}"]
        arguments = [
            "-name", self.name, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            *[word for a in accelerators() for word in ("-accel", a)],
            "-machine", "q35,memory-backend=ram,sata=off,smbus=off,vmport=off,i8042=off",
            # PCIe's own hot-plug: ACPI's leaves a root port without the link state that its reset and
            # the recovery from fatal errors wait for
            "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
            "-cpu", "max", "-smp", str(self.cpus), "-m", f"{self.memory}M",
            "-object", f"memory-backend-memfd,id=ram,size={self.memory}M,share=on",
            "-kernel", paths["kernel"] / "boot" / f"vmlinuz-{paths['version']}",
            "-initrd", run / f"{self.name}.cpio", "-append", cmdline,
            *console, "-serial", "chardev:console",
            "-device", "virtio-serial-pci,addr=02.0",
            "-chardev", f"socket,id=control,path={run}/{self.name}.control,server=on,wait=off",
            "-device", "virtserialport,chardev=control,name=control",
            "-qmp", f"unix:{run}/{self.name}.qmp",
        ]
        for i, tap in enumerate(self.taps):
            arguments += ["-netdev", f"tap,id=tap{i},ifname={tap.device},script=no,downscript=no,vhost=off",
                          "-device", f"virtio-net-pci,netdev=tap{i},romfile=,addr={3 + i:02x}.0,"
                          f"mac=52:56:4c:54:{sum(self.name.encode()) & 255:02x}:{i:02x}"]
        for i, path in enumerate(self.nics):
            arguments += ["-device", f"pcie-root-port,id=port{i},bus=pcie.0,chassis={i + 1},slot={i + 1},"
                          f"addr={16 + i:02x}.0"]
            if i not in self._absent:
                arguments += ["-device", json.dumps(self.nic_device(i, path))]
        return [*arguments, *self._extra]

    def start(self):
        """Start the machine; wait_ready() (or boot(), which is both) waits until it answers."""
        paths = initramfs.cache(self._kernel)
        self.version = paths["version"]
        initramfs.image(self.lab.run / f"{self.name}.cpio", paths, self._files, self._modules)
        self._listen()
        command, env = qemu(paths, *self.arguments(paths))
        self._started = time.monotonic()
        if self._interactive:
            return command, env
        self._process = self.lab.start(self.name, self._namespace, command, env)
        return None

    def wait_ready(self, limit=DEADLINE):
        wait_for(f"QEMU of {self.name} listens", lambda: self._alive() and self._connect(), limit)
        self.accelerator = "kvm" if self.qmp("query-kvm")["enabled"] else "tcg"
        self._slow = SLOW * (1 if self.accelerator == "kvm" else 4)
        line = self._line(time.monotonic() + limit, f"has not booted within {limit:.0f} s")
        if not line.startswith("ready "):
            raise self._error(f"says {line!r} instead of being ready")
        self.boot_seconds = time.monotonic() - self._started
        times = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        self.boot_cpu_seconds = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def boot(self, limit=DEADLINE):
        self.start()
        self.wait_ready(limit)
        return self

    def _listen(self):
        """For QEMU, which connects its QMP monitor before that is set up. Whom it let connect while it sets the
        monitor up it may greet twice, and it forgets what was agreed on before the second time."""
        path = self.lab.run / f"{self.name}.qmp"
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._listener.settimeout(0)

    def _connect(self):
        try:
            self._qmp = self._qmp or self._greeted()
            self._control = self._control or self._open_control()
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _greeted(self):
        self._qmp, _ = self._listener.accept()
        self._listener.close()
        self._qmp_receive(time.monotonic() + DEADLINE)
        self.qmp("qmp_capabilities")
        return self._qmp

    def _open_control(self):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self.lab.run / f"{self.name}.control"))
        except OSError:
            sock.close()
            raise
        return sock

    def running(self):
        return self._process.running()

    def _alive(self):
        if not self.running():
            raise self._error(f"ended (QEMU's exit status {self._process.popen.returncode})")
        return True

    @property
    def pid(self):
        """QEMU's process."""
        return self._process.popen.pid

    def kill(self):
        """The machine without power."""
        self._process.kill()

    def stop(self):
        self._process.stop()

    def wait_end(self, limit=DEADLINE):
        """Wait until the machine is off: it powered off, or its kernel gave up."""
        wait_for(f"{self.name} is off", lambda: not self.running(), limit)

    # --------------------------------------------------------------------------------- console

    def console_text(self):
        return self.console.read_text(errors="replace").replace("\r", "") if self.console.exists() else ""

    def _error(self, text, kind=LabError):
        tail = self.console_text().splitlines()[-CONSOLE_LINES:]
        qemu_says = self._process.tail(5) if self._process else ""
        return kind("\n".join([f"guest {self.name} {text}", *(["QEMU:", qemu_says] if qemu_says else []),
                               f"the end of its console ({self.console}):", *("    " + line for line in tail)]))

    def complaints(self, allow=()):
        """Lines of the console since the last check_console() that say that the kernel is unwell."""
        text = self.console_text()[self._checked:]
        return [m[0] for m in COMPLAINTS.finditer(text) if not any(re.search(a, m[0]) for a in allow)]

    def check_console(self, allow=()):
        """LabError if the kernel has complained; lines that match one of allow may be there."""
        found = self.complaints(allow)
        self._checked = len(self.console_text())
        if found:
            raise self._error(f"complains: {found[0]}" + (f" (and {len(found) - 1} more)" if found[1:] else ""))

    def wait_console(self, pattern, timeout=None):
        def look():
            match = re.search(pattern, self.console_text(), re.M)
            if not match:
                self._alive()
            return match
        return wait_for(f"`{pattern}` on the console of {self.name} ({self.console})", look, self.seconds(timeout))

    # --------------------------------------------------------------------------------- control

    def _receive(self, end, late):
        self._control.settimeout(0.25)
        while True:
            try:
                data = self._control.recv(1 << 16)
            except socket.timeout:
                data = None
            except ConnectionError:
                data = b""
            if data:
                self._buffer += data
                return
            if data == b"":
                # QEMU is going; say how, once it has gone
                with contextlib.suppress(LabError):
                    wait_for("", lambda: not self.running(), 5)
            self._alive()
            if time.monotonic() > end:
                self.kill()
                raise self._error(late)

    def _line(self, end, late):
        while b"\n" not in self._buffer:
            self._receive(end, late)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace")

    def _octets(self, count, end, late):
        while len(self._buffer) < count:
            self._receive(end, late)
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _send(self, data):
        self._alive()
        self._control.settimeout(DEADLINE)
        try:
            self._control.sendall(data)
        except OSError as error:
            self._alive()
            self.kill()
            raise self._error(f"takes no requests: {error}") from None

    def _request(self, head, body, limit, each_line=None):
        """Ask the agent; returns (status word, standard output, standard error)."""
        late = f"has not answered for {limit:.0f} s to `{head}`: killed"
        self._send(head.encode() + b"\n" + body)
        end = time.monotonic() + limit
        while True:
            line = self._line(end, late)
            if line.startswith(": ") and each_line:
                each_line(line[2:])
                continue
            match = re.fullmatch(r"= (\d+|late) (\d+) (\d+)", line)
            if not match:
                self.kill()
                raise self._error(f"answers {line!r} to `{head}`")
            return match[1], self._octets(int(match[2]), end, late), self._octets(int(match[3]), end, late)

    def run(self, command, timeout=None, grace=20.0):
        """Run a shell script in the guest; returns Done. Timeout if it does not end in time: it and all
        that it started in the foreground are killed then. If the guest says nothing for grace seconds
        beyond that it is killed too."""
        seconds = self.seconds(timeout)
        body = command.encode()
        status, out, err = self._request(f"run {seconds} {len(body)}", body, seconds + grace * self._slow)
        out, err = out.decode(errors="replace"), err.decode(errors="replace")
        if status == "late":
            raise self._error(f"has not done `{command}` within {seconds} s; it said:\n{out}{err}", Timeout)
        return Done(int(status), out, err)

    def sh(self, command, check=True, timeout=None):
        """Like run(), but returns standard output; LabError if the status is not 0."""
        done = self.run(command, timeout)
        if check and done.status:
            raise LabError(f"in guest {self.name}: `{command}` failed ({done.status}): "
                           f"{(done.err or done.out).strip()}")
        return done.out

    def tap(self, script, timeout=300, echo=None):
        """Run a script that prints TAP 13, its lines coming as it prints them (each goes to echo too).
        Returns the names of its tests; LabError unless all of them hold, none is missing and it ends
        with 0."""
        lines = []

        def take(line):
            lines.append(line)
            if echo:
                echo(line)
        seconds = self.seconds(timeout)
        body = script.encode()
        status, _, _ = self._request(f"stream {seconds} {len(body)}", body, seconds + 20 * self._slow, take)
        text = "\n".join(lines)
        plan = [int(m[1]) for m in re.finditer(r"^1\.\.(\d+)", text, re.M)]
        results = re.findall(r"^(not ok|ok)\b[ \d]*-? ?(.*)$", text, re.M)
        failed = [name for verdict, name in results if verdict != "ok" and "# TODO" not in name]
        if status == "late":
            raise self._error(f"has not ended a script of tests within {seconds} s:\n{text}", Timeout)
        if failed or int(status) or plan != [len(results)]:
            raise LabError(f"in guest {self.name}: {len(results)} tests, {len(failed)} failed, plan {plan}, "
                           f"exit status {status}:\n{text}")
        return [name for _, name in results]

    def start_command(self, name, command):
        """Leave a script running in the guest; returns a Background."""
        body = command.encode()
        _, out, _ = self._request(f"start {name} {len(body)}", body, DEADLINE)
        return Background(self, name, int(out))

    def put(self, path, content, mode=0o644):
        """Write a file in the guest."""
        body = content.encode() if isinstance(content, str) else bytes(content)
        status, _, _ = self._request(f"put {mode:o} {len(body)} {path}", body, DEADLINE)
        if status != "0":
            raise LabError(f"guest {self.name} can't write {path}")

    # ------------------------------------------------------------------------------------- QMP

    def _qmp_receive(self, end):
        while b"\n" not in self._qmp_buffer:
            self._qmp.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self._qmp.recv(1 << 16)
            except (socket.timeout, ConnectionError):
                data = b""
            if not data:
                raise self._error("does not answer on QMP" if self.running() else "is off")
            self._qmp_buffer += data
        line, _, self._qmp_buffer = self._qmp_buffer.partition(b"\n")
        return json.loads(line)

    def qmp(self, command, **arguments):
        """A QMP command; its "return". LabError with QEMU's words if it is refused."""
        request = {"execute": command, "arguments": arguments}
        self._qmp.sendall(json.dumps(request).encode() + b"\n")
        end = time.monotonic() + DEADLINE
        while True:
            answer = self._qmp_receive(end)
            if "event" in answer:
                self._events.append(answer)
            elif "error" in answer:
                raise LabError(f"guest {self.name}: QMP {command}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def hmp(self, line):
        """A command of QEMU's monitor for people; what it prints."""
        return self.qmp("human-monitor-command", **{"command-line": line})

    def wait_event(self, name, wanted=lambda data: True, timeout=None):
        """Wait for a QMP event; its data. Events before it are forgotten."""
        end = time.monotonic() + self.seconds(timeout)
        while True:
            event = self._events.pop(0) if self._events else self._qmp_receive(end)
            if event.get("event") == name and wanted(event.get("data", {})):
                return event.get("data", {})

    def plug(self, index=0):
        """Put a NIC into its empty slot. It can't be taken out again: QEMU 11.1 aborts on device_del of a
        vfio-user device with MSI-X. To take a NIC away, let ravelsim do it."""
        self.qmp("device_add", **self.nic_device(index, self.nics[index]))

    def nic_address(self, index=0):
        """The PCI address that the guest's kernel gave a NIC, such as 0000:01:00.0."""
        found = self.sh(f"cd /sys/bus/pci/devices/0000:00:{16 + index:02x}.0 && ls -d *:*:*.0 2>/dev/null || :").split()
        found = [name for name in found if re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{2}:00\.0", name)]
        if not found:
            raise LabError(f"guest {self.name} has no device in the slot of nic{index}")
        return found[0]


class Background:
    """A script that runs on in a guest."""

    def __init__(self, guest, name, pid):
        self.guest, self.name, self.pid = guest, name, pid

    def log(self):
        return self.guest.sh(f"cat /run/guest/{self.name}.log")

    def status(self):
        """Its exit status; None while it runs."""
        text = self.guest.sh(f"cat /run/guest/{self.name}.status 2>/dev/null || :").strip()
        return int(text) if text else None

    def wait(self, timeout=None):
        """Wait for its end; its exit status."""
        # 0.1 s is the interval at which the guest looks, not a guess at how long the script takes
        self.guest.sh(f"until [ -e /run/guest/{self.name}.status ]; do sleep 0.1; done", timeout=timeout)
        return self.status()

    def wait_log(self, pattern, timeout=None):
        """Wait for a line (grep -E) of its output; the line."""
        quoted = "'" + pattern.replace("'", "'\\''") + "'"
        log = f"/run/guest/{self.name}.log"
        return self.guest.sh(f"until grep -m 1 -E {quoted} {log}; do sleep 0.1; "
                             f"[ ! -e /run/guest/{self.name}.status ] || grep -m 1 -E {quoted} {log} || exit 1; done",
                             timeout=timeout).splitlines()[0]

    def kill(self, signal="TERM"):
        """Signal it and all of its session; returns at once."""
        self.guest.sh(f"kill -{signal} -{self.pid} 2>/dev/null || kill -{signal} {self.pid} 2>/dev/null || :")
