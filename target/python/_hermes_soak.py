"""The tracer of hermes-soak: counts who opens SQLite connections, and who closes them.

It is imported by sitecustomize.py before the target's own code. Counters go to a
file a process, see _hermes_soak_file.py. Whatever fails in here leaves the target
as it was: the reason goes to a file beside the counters.
"""
import _thread
import atexit
import os
import sys
from itertools import count

from _hermes_soak_file import APSW, COLLECTIONS, DESCRIPTORS, FLAGS, LOST, PEAK, File

FRAMES, DEPTH, GAP = 3, 100, 4  # frames of a place; how deep they are looked for, and past how many others
MOST = 4096  # files of forked processes that nobody has summed up yet

OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
STDLIB = os.path.dirname(os.__file__) + os.sep

real_open = open  # ours would come back to us

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


def counters():
    """The counters of this process, which are made when they are first needed."""
    global file
    with making:
        if file is None:
            if kept and len(os.listdir(folder)) > MOST:
                raise OSError("%d processes were forked since the counters were last read" % MOST)
            new = File(folder, "fd" in options, bool(kept), flags[0])
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
