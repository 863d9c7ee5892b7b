"""Hooks modules that the target imports, or has imported already."""
import sys

import _hermes_soak as tracer


def when_imported(name, hook):
    """Calls the hook with the module as soon as it is there."""
    if name in sys.modules:  # a .pth file may have imported it
        hook(sys.modules[name])
    else:
        sys.meta_path.insert(0, Finder(name, hook))


def replace(*pairs):
    """Puts new objects in the place of old ones in every module that has copied them."""
    news = {id(old): new for old, new in pairs}
    for module in list(sys.modules.values()):
        if type(module) is type(sys):  # one of another type may load what it stands for
            for name, value in list(vars(module).items()):
                if id(value) in news:
                    setattr(module, name, news[id(value)])


class Finder:
    """Finds a module as the others do, and has it hooked."""

    def __init__(self, name, hook):
        self.name, self.hook = name, hook

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    break
        else:
            return None
        if hasattr(spec.loader, "exec_module"):
            spec.loader = Loader(spec.loader, self.hook)
        return spec


class Loader:
    """Loads a module as its own loader does, and hooks it."""

    def __init__(self, real, hook):
        self.real, self.hook = real, hook

    def create_module(self, spec):
        spec.loader = self.real
        try:
            return self.real.create_module(spec)
        finally:
            spec.loader = self

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.real
        self.real.exec_module(module)
        try:
            self.hook(module)
        except Exception as error:
            tracer.failed(error)
