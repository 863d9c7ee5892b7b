"""What a file defines."""
import ast
import os
from collections import Counter

OPENERS = {m + "." + f for m in ("sqlite3", "sqlite3.dbapi2", "_sqlite3", "pysqlite3", "pysqlite3.dbapi2", "sqlcipher3", "sqlcipher3.dbapi2")
           for f in ("connect", "Connection")} | {"apsw.Connection"}
LIBRARIES = {o.rpartition(".")[0] for o in OPENERS}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = FUNCTIONS + (ast.Lambda, ast.ClassDef)


class Func:
    """A function, and what a caller must know of it."""

    def __init__(self, module, node, cls, parent):
        self.module, self.node, self.cls, self.parent = module, node, cls, parent
        self.name = node.name
        self.decorators = [last_name(d) for d in node.decorator_list]
        self.inner = {}  # functions and classes that are defined in it
        a = node.args
        self.params = [p.arg for p in getattr(a, "posonlyargs", []) + a.args]
        self.keywords = self.params + [p.arg for p in a.kwonlyargs]
        self.bound = cls is not None and "staticmethod" not in self.decorators
        own = self.own = list(own_nodes(node))
        self.mentions = {n.id if isinstance(n, ast.Name) else n.attr for n in own if isinstance(n, (ast.Name, ast.Attribute))}
        self.generator = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in own)
        self.manager = any(d in ("contextmanager", "asynccontextmanager") for d in self.decorators)
        self.fixture = any("fixture" in d for d in self.decorators)
        self.cached = any(w in d.lower() for d in self.decorators for w in ("cache", "memo", "singleton"))
        self.globals = {n for g in own if isinstance(g, (ast.Global, ast.Nonlocal)) for n in g.names}
        self.stores = Counter(n.id for n in own if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        self.locals = (set(self.keywords) | set(self.stores)) - self.globals
        self.fresh = None  # "whole", or the index in a tuple, of a connection that it opens and returns
        self.closes, self.keeps, self.returns = set(), set(), set()  # parameters
        self.passes = set()  # names of methods, of objects that are not known, that it gives parameters to

    def summary(self):
        return self.fresh, frozenset(self.closes), frozenset(self.keeps), frozenset(self.returns), frozenset(self.passes)


class Moved:
    """A function under a name that may give it other arguments than that name gets: a lambda, a partial, a bound method."""

    def __init__(self, func):
        self.func = func


class Class:
    def __init__(self, module, node):
        self.module, self.node, self.name = module, node, node.name
        self.methods = {}
        self.aliases = {}  # attribute: what it is set to, where that stands for something


class Module:
    def __init__(self, source, name):
        self.source, self.name = source, name
        self.path = source.path
        self.package = name if os.path.basename(source.path) == b"__init__.py" else name.rpartition(".")[0]
        self.imports = {}  # name: what it may stand for, dotted
        self.stars = []  # the modules of import *
        self.defined = {}  # functions and classes of the module
        self.aliases = {}  # name: what it is set to, where that stands for something
        self.funcs, self.classes = [], []
        self.cursors = set()  # names by which a connection is closed: cur.connection.close()
        for n in ast.walk(source.tree):
            if isinstance(n, (ast.Import, ast.ImportFrom)):
                self.read_import(n)
            elif isinstance(n, ast.Expr) and isinstance(n.value, ast.Attribute) and n.value.attr in ("close", "aclose"):
                n.value.attr = ""  # conn.close without a call closes nothing
            elif isinstance(n, ast.Attribute) and n.attr == "close" and isinstance(n.value, ast.Attribute) and n.value.attr == "connection":
                self.cursors.add(last_name(n.value.value))
        self.collect(source.tree.body, None, None, self.defined)

    def read_import(self, n):
        for a in n.names:
            if a.name == "*":
                self.stars.append(self.absolute(n))
                continue
            if isinstance(n, ast.ImportFrom):
                target = self.absolute(n) + "." + a.name
            elif a.asname:
                target = a.name
            else:
                target = a.name.partition(".")[0]
            self.imports.setdefault(a.asname or target.rpartition(".")[2], []).append(target)

    def absolute(self, n):
        base = n.module or ""
        if n.level:
            parts = self.package.split(".") if self.package else []
            parts = parts[:len(parts) - n.level + 1]
            base = ".".join(parts + ([n.module] if n.module else []))
        return base

    def collect(self, body, cls, parent, into):
        for n in body:
            if isinstance(n, FUNCTIONS):
                f = Func(self, n, cls, parent)
                into[n.name] = f
                self.funcs.append(f)
                self.collect(n.body, None, f, f.inner)
            elif isinstance(n, ast.ClassDef):
                c = Class(self, n)
                into[n.name] = c
                self.classes.append(c)
                self.collect(n.body, c, parent, c.methods)
            elif isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name):
                aliases = cls.aliases if cls is not None else self.aliases
                if alias(n.value) is not None and (cls is not None or into is self.defined):
                    aliases.setdefault(n.targets[0].id, n.value)
            else:
                for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                    self.collect(getattr(n, field, None) or [], cls, parent, into)


def alias(value):
    """What a name stands for that is set to value: x = sqlite3.connect."""
    if isinstance(value, (ast.Name, ast.Attribute)) or imported(value):
        return value
    if isinstance(value, ast.Lambda) and isinstance(value.body, ast.Call):
        return value.body.func
    if isinstance(value, ast.Call) and last_name(value.func) in ("partial", "staticmethod") and value.args:
        return value.args[0]
    return None


def imported(e):
    """The library that an expression imports: importlib.import_module("sqlite3"); None for others."""
    if isinstance(e, ast.Call) and last_name(e.func) in ("__import__", "import_module") and e.args:
        name = getattr(e.args[0], "value", None)
        return name if isinstance(name, str) and name in LIBRARIES else None
    return None


def is_memory(e):
    """Whether a database of this name is in memory, and has no file."""
    text = e.value if isinstance(e, ast.Constant) else None
    return isinstance(text, str) and (text.startswith((":memory:", "file::memory:")) or "mode=memory" in text)


def last_name(e):
    """The last name of a dotted expression: wraps of @functools.wraps(f)."""
    while isinstance(e, ast.Call):
        e = e.func
    return e.attr if isinstance(e, ast.Attribute) else e.id if isinstance(e, ast.Name) else ""


def own_nodes(node):
    """What is below node, but for what stands in scopes of its own."""
    todo = list(node.body) if isinstance(node.body, list) else [node.body]
    while todo:
        n = todo.pop()
        yield n
        if not isinstance(n, SCOPES):
            todo.extend(ast.iter_child_nodes(n))
