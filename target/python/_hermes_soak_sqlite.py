"""Counts the SQLite connections that sqlite3 opens and closes."""
import os
from _thread import get_ident

import _hermes_soak as tracer
from _hermes_soak_imports import replace


def in_memory(database):
    if isinstance(database, bytes):
        database = os.fsdecode(database)
    if not isinstance(database, str) or database[:5] not in ("", ":memo", "file:"):
        return False
    return database in ("", ":memory:") or ":memory:" in database or "mode=memory" in database


class Token:
    """Notices that its connection is dropped. It knows the place until that is counted."""

    __slots__ = ("site",)

    def __del__(self):
        if self.site is not None:
            self.site.collected()


def hook(module):
    """Puts a Connection that counts in the place of the module's own.

    Near the limit of recursion the target may just be able to open and close a
    connection. So what counts there calls no function of ours; what the counters have
    taken as a number they show with the next.
    """
    real = module.Connection
    # Up to 3.10 interpreters beside one another share it, and each has a subclass of ours.
    before = [c for c in real.__subclasses__() if not hasattr(c, "_hermes_soak")]
    real_init, real_close, real_connect = real.__init__, real.close, module.connect

    class Connection(real):
        __slots__ = ("_hermes_soak",)
        __doc__ = real.__doc__

        def __init__(self, *args, **kwargs):
            try:
                site, get(self).site = get(self).site, None  # called twice, it closes what it had
                if site is not None:
                    site.closed()
            except (AttributeError, RecursionError):
                pass
            real_init(self, *args, **kwargs)
            try:
                try:
                    if in_memory(args[0] if args else kwargs.get("database")):
                        return
                    site = tracer.place()
                except RecursionError:
                    site = (tracer.file or tracer.counters()).rest
                token = Token()
                token.site = site
                put(self, token)
                site.opened()
                words, at = site.words, site.at
                opened, closed, collected, peak = words[at : at + 4]
                if opened - closed - collected > peak:
                    words[at + tracer.PEAK] = opened - closed - collected
            except RecursionError:
                pass
            except Exception as error:
                tracer.failed(error)

        def close(self):
            real_close(self)
            try:
                site, get(self).site = get(self).site, None
                if site is not None:
                    (site.collected if tracer.collector == get_ident() else site.closed)()
            except (AttributeError, RecursionError):
                pass  # it was never opened, or is in memory

    # Not by name: a subclass may have a __getattr__ and a __setattr__ of its own.
    get, put = Connection._hermes_soak.__get__, Connection._hermes_soak.__set__

    Connection.close.__doc__ = real_close.__doc__
    Connection.__module__, Connection.__qualname__ = real.__module__, real.__qualname__

    class Connect:
        """No function, which would be bound where it stands in a class."""

        def __call__(self, *args, **kwargs):
            if len(args) < 6 and "factory" not in kwargs:
                kwargs["factory"] = Connection
            return real_connect(*args, **kwargs)

        def __reduce__(self):
            return "connect"

    connect = Connect()
    tracer.alike(connect, real_connect)
    replace((real, Connection), (real_connect, connect))
    if before:
        raise RuntimeError("sqlite3.Connection had subclasses before the tracer was there: %s" % ", ".join(c.__name__ for c in before))
