"""Has the program that takes the place of the target traced too, and nothing else that it starts."""
import os

import _hermes_soak as tracer

real_execve = os.execve


def hook():
    if "children" not in tracer.options:
        leave_environment()
    for name, has_env in ("execv", False), ("execve", True):
        tracer.put(name, Exec(getattr(os, name), has_env))


def paths(env):
    return env.get("PYTHONPATH", "").split(os.pathsep)


def leave_environment():
    """Takes the folder out of PYTHONPATH, so that children are not traced."""
    rest = [p for p in paths(os.environ) if p != tracer.folder]
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)


class Exec:
    """Lets a program that takes the place of this one be traced too: it is no child."""

    def __init__(self, real, has_env):
        self.real, self.arguments = real, 2 + has_env
        tracer.alike(self, real)

    def __call__(self, *args, **kwargs):
        try:
            if os.getpid() == tracer.first and len(args) == self.arguments:
                new = dict(args[2] if len(args) > 2 else os.environ)
                new["PYTHONPATH"] = os.pathsep.join([tracer.folder] + [p for p in paths(new) if p not in ("", tracer.folder)])
                real_execve(args[0], args[1], new)
        except Exception:
            pass  # the real one says what is wrong
        return self.real(*args, **kwargs)

    def __reduce__(self):
        return self.__name__
