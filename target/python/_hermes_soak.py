"""The tracer of hermes-soak: counts who opens SQLite connections, and who closes them.

It is imported by sitecustomize.py before the target's own code. Counters go to a
memory-mapped file a process, whose layout layout.go describes. Whatever fails in
here leaves the target as it was: the reason goes to a file beside the counters.
"""
import _thread
import atexit
import mmap
import os
import sys
import time
from itertools import count, repeat

# The layout, as in layout.go: words of 8 bytes in the order of the machine.
MAGIC = b"HSTRACE1"
HEADER, SLOTS, SLOT, TEXT = 256, 512, 384, 64
PID, TICKS, PYTHON, FLAGS, COLLECTIONS, LOST = 1, 2, 3, 4, 5, 6  # words of the header
OPENED, CLOSED, COLLECTED, PEAK, LENGTH = 0, 1, 2, 3, 4  # words of a slot
APSW = 1  # the flag: it was imported
DESCRIPTORS = 1 << 16  # with a cell each, where openers are told
FRAMES, DEPTH, GAP = 3, 100, 4  # frames of a place; how deep they are looked for, and past how many others
PATH, NAME = 60, 36  # bytes of a frame's path and function

OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
STDLIB = os.path.dirname(os.__file__) + os.sep

real_open, real_os_open = open, os.open  # ours would come back to us

folder = ""
options = ()
first = os.getpid()  # of the interpreter, not of what it forks
file = None  # the counters of this process, made when they are first needed
making = _thread.RLock()  # held while they are made; a finalizer may come back for more
kept = []  # mappings of processes that we were forked from
collector = None  # the thread in which the cyclic collector runs
owned = {}  # file name -> whether frames of it are the target's own


def start(where):
    """Starts tracing, with the counters in the folder."""
    global folder, options
    folder = where
    with real_open(os.path.join(folder, "options"), encoding="utf-8") as f:
        options = f.read().split()
    import _hermes_soak_exec

    _hermes_soak_exec.hook()
    counters()
    atexit.register(freeze)
    os.register_at_fork(after_in_child=forked)
    watch_gc()
    import _hermes_soak_sqlite
    from _hermes_soak_imports import when_imported

    when_imported("apsw", lambda _: flag(APSW))
    when_imported("_sqlite3", _hermes_soak_sqlite.hook)
    if "fd" in options:
        import _hermes_soak_fd

        _hermes_soak_fd.hook()


def failed(error):
    """Leaves a word on why something is not counted."""
    try:
        if file or kept:
            # Where no file can be opened any more, the counters that we have are still there.
            (file or kept[-1]).words[LOST] += 1
        with real_open(os.path.join(folder, "failed.%d" % os.getpid()), "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write("%s: %s" % (type(error).__name__, error))
    except Exception:
        pass  # nobody can be told


def alike(ours, real):
    """Makes ours look like the real one, and makes os say of it what it says of that."""
    for name in ("__doc__", "__name__", "__qualname__", "__module__", "__text_signature__"):
        setattr(ours, name, getattr(real, name, None))
    for can in os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids:
        if real in can:
            can.add(ours)


def put(name, ours):
    """Puts ours in the place of a function of os, and of the module that os has it from, where pickle looks."""
    setattr(os, name, ours)
    setattr(sys.modules[ours.__module__], name, ours)


def watch_gc():
    """Notes while the cyclic collector runs, which is where what a finalizer closes is closed by it."""
    import gc

    counted = count(1).__next__
    off = "gc-off" in options

    def collecting(phase, info):
        global collector
        collector = _thread.get_ident() if phase == "start" else None
        if off and phase == "start" and file is not None:
            file.words[COLLECTIONS] = counted()

    if off:
        gc.disable()
    gc.callbacks.append(collecting)


# The counters.


class File:
    """The counters of one process."""

    def __init__(self):
        openers = "fd" in options
        slots = 2 * SLOTS if openers else SLOTS
        self.cells = (HEADER + slots * SLOT) // 8
        size = HEADER + slots * SLOT + (8 * DESCRIPTORS if openers else 0)
        path = os.path.join(folder, "%d.%d" % (os.getpid(), time.monotonic_ns()))
        fd = real_os_open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # A page without room on the disk would end the process when it is written.
            os.posix_fallocate(fd, 0, size)
            if sys.version_info >= (3, 13):
                self.map = mmap.mmap(fd, size, trackfd=False)
            else:
                self.map = mmap.mmap(fd, size)
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(fd)
        self.words = memoryview(self.map).cast("Q")
        self.next, self.next_opener = count().__next__, count(SLOTS).__next__
        self.sites = {}
        self.all = []
        self.map[: len(MAGIC)] = MAGIC
        self.words[PID] = os.getpid()
        self.words[TICKS] = ticks()
        self.words[PYTHON] = sys.hexversion
        self.words[FLAGS] = flags[0]
        self.rest = self.take(SLOTS - 1, ())  # all places beyond the others
        self.rest_opener = self.take(2 * SLOTS - 1, ()) if openers else None
        self.path = path

    def site(self, key, frames, opener):
        """The counters of a new place. Two threads may make two of one; the reader adds them up."""
        slot = self.next_opener() if opener else self.next()
        if slot % SLOTS == SLOTS - 1 or slot >= SLOTS * (1 + opener):
            return self.rest_opener if opener else self.rest
        s = self.sites[key] = self.take(slot, frames)
        return s

    def take(self, slot, frames):
        text = "\n".join(map(described, frames)).encode("utf-8", "backslashreplace")
        s = Site(self, slot, [f.f_code for f in frames])
        at = HEADER + slot * SLOT + TEXT
        self.map[at : at + len(text)] = text
        self.words[s.at + LENGTH] = len(text) + 1  # last: from now on the slot counts
        self.all.append(s)
        return s


class Site:
    """The counters of a place that opens connections.

    A step of a map takes the next number and stores it without letting another thread
    in, so that no count is lost and no lock is needed, which a finalizer could not take.
    """

    __slots__ = ("opened", "closed", "collected", "words", "at", "slot", "codes")

    def __init__(self, of, slot, codes):
        self.words, self.at, self.slot = of.words, (HEADER + slot * SLOT) // 8, slot
        self.codes = codes  # held, so that their ids stay theirs
        self.opened, self.closed, self.collected = (
            map(self.words.__setitem__, repeat(self.at + which), count(1)).__next__ for which in (OPENED, CLOSED, COLLECTED)
        )

    def silence(self):
        self.opened = self.closed = self.collected = int


def ticks():
    """The start of this process in clock ticks; 0 where that is not known."""
    try:
        with real_open("/proc/self/stat", "rb") as f:
            return int(f.read().rpartition(b")")[2].split()[19])
    except Exception:
        return 0


def counters():
    """The counters of this process, which are made when they are first needed."""
    global file
    with making:
        if file is None:
            new = File()
            if file is None:
                file = new
                os.rename(new.path, new.path + ".trace")  # now it is whole
            else:
                os.unlink(new.path)  # a finalizer that ran meanwhile has made them
        return file


def forked():
    """Leaves the counters of the parent alone."""
    global file, making
    making = _thread.RLock()  # another thread of the parent may have held it
    if file is not None:
        for s in file.all:
            s.silence()
        # Its descriptor may be another file's by now: only the end of the process may close it.
        kept.append(file)
        file = None


def freeze():
    """Stops counting: what the end of the interpreter drops, nobody was to close."""
    if file is not None:
        for s in file.all:
            s.silence()
        file.sites = Ended()


class Ended(dict):
    def get(self, key, default=None):
        return silent


class Silent:
    slot, words, at = None, (0,) * 4, 0
    opened = closed = collected = staticmethod(int)


silent = Silent()
flags = [0]


def flag(bit):
    flags[0] |= bit
    if file is not None:
        file.words[FLAGS] = flags[0]


# The places.


def own(name):
    """Whether frames of the file are the target's: outside the standard library and this file."""
    mine = not name.startswith(OURS) and not name.startswith("<frozen")
    if mine and name.startswith(STDLIB):
        mine = "-packages" + os.sep in name[len(STDLIB) - 1 :]
    owned[name] = mine
    return mine


def place(opener=False):
    """The counters of the place that is calling, as an opener of descriptors or of connections."""
    frames, key = [], (opener,)
    f = sys._getframe(2)
    left = DEPTH
    while f is not None and left:
        left -= 1
        code = f.f_code
        mine = owned.get(code.co_filename)
        if own(code.co_filename) if mine is None else mine:
            frames.append(f)
            key += (id(code), f.f_lasti)
            if len(frames) == FRAMES:
                break
            left = GAP
        f = f.f_back
    of = file or counters()
    return of.sites.get(key) or of.site(key, frames, opener)


def described(f):
    name = getattr(f.f_code, "co_qualname", f.f_code.co_name)
    name = name.rpartition("<locals>.")[2]
    return "%s\t%d\t%s" % (cut(shown(f.f_code.co_filename), PATH), f.f_lineno or 0, cut(name, NAME))


def cut(text, most):
    """The end of the text, in at most so many bytes, on one line."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    raw = text.encode("utf-8", "backslashreplace")
    return text if len(raw) <= most else "\u2026" + raw[3 - most :].decode("utf-8", "ignore")


def shown(path):
    """The path as seen from the working folder, or from where it was imported."""
    if path.startswith("<"):
        return path
    try:
        here = os.getcwd()
    except OSError:
        here = os.sep  # it was removed
    path = os.path.join(here, path)
    for base in [here] + sorted((os.path.join(here, p) for p in sys.path), key=len, reverse=True):
        if path.startswith(base.rstrip(os.sep) + os.sep):
            return path[len(base.rstrip(os.sep)) + 1 :]
    return path
