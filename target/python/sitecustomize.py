"""Starts the tracer of hermes-soak, then gives way to the target's own sitecustomize.

hermes-soak puts the folder of this file first on PYTHONPATH.
"""
import os
import sys

_folder = os.path.dirname(os.path.abspath(__file__))


def _start():
    try:
        import _hermes_soak
        _hermes_soak.start(_folder)
    except Exception as error:  # the server goes on as if we were not here
        try:
            with open(os.path.join(_folder, "failed.%d" % os.getpid()), "w", encoding="utf-8", errors="backslashreplace") as f:
                f.write("%s: %s" % (type(error).__name__, error))
        except Exception:
            pass


_start()
# Without an entry of ours this is the import that site would have done.
sys.path[:] = [p for p in sys.path if p != _folder]
sys.path_importer_cache.pop(_folder, None)
sys.modules.pop("sitecustomize", None)
import sitecustomize  # noqa: E402,F401  (where there is none, site takes the ImportError)
