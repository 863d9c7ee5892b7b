"""Notes for each descriptor the place that opened it last.

It is imported where --trace has fd. A descriptor that is closed keeps its note: the
inode in it tells whether what is open there now is still the same.
"""
import builtins
import io
import os
import sys

import _hermes_soak as tracer
from _hermes_soak_imports import when_imported


def hook():
    """Puts callables that take notes in the place of what opens descriptors."""
    for name in ("open", "dup", "openpty", "pipe", "pipe2", "forkpty", "memfd_create", "eventfd"):
        if hasattr(os, name):
            tracer.put(name, Opener(getattr(os, name), numbers if name != "forkpty" else last))
    opener = Opener(builtins.open, descriptor)
    builtins.open = io.open = opener
    sys.modules["_io"].open = opener
    when_imported("socket", sockets)


def numbers(result):
    return result if isinstance(result, tuple) else (result,)


def last(result):
    return result[1:]


def descriptor(result):
    return (result.fileno(),)


class Opener:
    """No function, which would be bound where it stands in a class."""

    def __init__(self, real, descriptors):
        self.real, self.descriptors = real, descriptors
        tracer.alike(self, real)

    def __call__(self, *args, **kwargs):
        result = self.real(*args, **kwargs)
        try:
            note(self.descriptors(result))
        except RecursionError:
            pass  # the target is near its limit: this one has no note
        except Exception as error:
            tracer.failed(error)
        return result

    def __reduce__(self):
        return self.__name__


def note(descriptors):
    site = tracer.place(True)
    if site.slot is None:
        return  # the process ends
    site.opened()
    for fd in descriptors:
        if 0 <= fd < tracer.DESCRIPTORS:
            of = tracer.counters()
            try:
                inode = os.fstat(fd).st_ino
            except OSError:
                continue  # it was closed meanwhile
            if of.room(8 * (of.cells + fd), 8):
                of.words[of.cells + fd] = (inode & 0xFFFFFFFFFFFF) << 16 | site.slot + 1


def sockets(module):
    """Every socket goes through its __init__, one that is accepted too."""
    real = module.socket.__init__

    def __init__(self, *args, **kwargs):
        real(self, *args, **kwargs)
        try:
            note((self.fileno(),))
        except RecursionError:
            pass  # the target is near its limit: this one has no note
        except Exception as error:
            tracer.failed(error)

    __init__.__doc__, __init__.__wrapped__ = real.__doc__, real
    module.socket.__init__ = __init__
