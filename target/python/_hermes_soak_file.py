"""The counters of a process, in a memory-mapped file whose layout layout.go describes."""
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
PATH, NAME = 60, 36  # bytes of a frame's path and function
PAGE = mmap.PAGESIZE
FEW = 32  # slots of a kind that a sparse file has room for from the first

real_open, real_os_open = open, os.open  # ours would come back to us


class File:
    """The counters of one process. Of a sparse one only what is used has room on the disk."""

    def __init__(self, folder, openers, sparse, flags):
        slots = 2 * SLOTS if openers else SLOTS
        self.cells = (HEADER + slots * SLOT) // 8
        self.size = size = HEADER + slots * SLOT + (8 * DESCRIPTORS if openers else 0)
        self.path = path = os.path.join(folder, "%d.%d" % (os.getpid(), time.monotonic_ns()))
        fd = real_os_open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(fd, size)
            self.pages = set()
            for begin in (0, SLOTS)[: 1 + openers] if sparse else ():
                self.make_room(fd, HEADER + begin * SLOT, FEW * SLOT)
                self.make_room(fd, HEADER + (begin + SLOTS - 1) * SLOT, SLOT)
            if not sparse:
                self.make_room(fd, 0, size)
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
        self.words[FLAGS] = flags
        self.rest = self.take(SLOTS - 1, ())  # all places beyond the others
        self.rest_opener = self.take(2 * SLOTS - 1, ()) if openers else None

    def make_room(self, fd, at, length):
        """A page without room on the disk would end the process when it is written."""
        begin, end = at // PAGE, -(-(at + length) // PAGE)
        os.posix_fallocate(fd, begin * PAGE, min(end * PAGE, self.size) - begin * PAGE)
        self.pages.update(range(begin, end))

    def room(self, at, length):
        """Whether the bytes may be written."""
        if at // PAGE in self.pages and (at + length - 1) // PAGE in self.pages:
            return True
        try:
            fd = real_os_open(self.path + ".trace", os.O_RDWR)
            try:
                self.make_room(fd, at, length)
            finally:
                os.close(fd)
        except OSError:
            return False  # no descriptor is free, no disk, or the process sees other folders now
        return True

    def site(self, key, frames, opener):
        """The counters of a new place. Two threads may make two of one; the reader adds them up."""
        slot = self.next_opener() if opener else self.next()
        if slot % SLOTS == SLOTS - 1 or slot >= SLOTS * (1 + opener) or not self.room(HEADER + slot * SLOT, SLOT):
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


# Texts.


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
