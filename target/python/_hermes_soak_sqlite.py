"""Counts the SQLite connections that sqlite3 opens and closes."""
import os

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

    def __init__(self, site):
        self.site = site

    def __del__(self):
        if self.site is not None:
            self.site.collected()


def hook(module):
    """Puts a Connection that counts in the place of the module's own."""
    real = module.Connection
    # Up to 3.10 interpreters beside one another share it, and each has a subclass of ours.
    before = [c for c in real.__subclasses__() if not hasattr(c, "_hermes_soak")]
    real_init, real_close, real_connect = real.__init__, real.close, module.connect

    class Connection(real):
        __slots__ = ("_hermes_soak",)
        __doc__ = real.__doc__

        def __init__(self, *args, **kwargs):
            counted(self)  # called twice, it closes what it had
            real_init(self, *args, **kwargs)
            try:
                if not in_memory(args[0] if args else kwargs.get("database")):
                    site = tracer.place()
                    put(self, Token(site))
                    site.open()
            except Exception as error:
                tracer.failed(error)

        def close(self):
            real_close(self)
            counted(self)

    # Not by name: a subclass may have a __getattr__ and a __setattr__ of its own.
    get, put = Connection._hermes_soak.__get__, Connection._hermes_soak.__set__

    def counted(connection):
        """Counts the close of a connection, once."""
        try:
            token = get(connection)
            site, token.site = token.site, None
            if site is not None:
                site.closed()
        except AttributeError:
            pass  # it was never opened, or is in memory
        except Exception as error:
            tracer.failed(error)

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
