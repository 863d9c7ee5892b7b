"""What the files of a folder define, and what a name in them means."""
import ast
import os

from modules import LIBRARIES, OPENERS, Class, Func, Module, Moved, alias, imported, is_memory, last_name

# KEEPERS are the methods by which lists, sets, dicts, deques and queues keep what they are given.
KEEPERS = {"add", "append", "appendleft", "extend", "extendleft", "insert", "put", "put_nowait", "setdefault", "update"}
DEEPEST = 8  # names that stand for names


class Project:
    def __init__(self):
        self.modules = {}  # by dotted name below the folder
        self.endings = {}  # by the end of that name: "db" and "app.db" of "src.app.db"
        self.named = {}  # functions by their last name
        self.marks = {}  # what Flow knows of a statement, by its node
        self.resolved = {}  # expressions, by their node and function, with what they name
        self.lines = {}  # classes with those above them, modules with those whose names they have
        self.asked = {}  # names of methods, with whether they are harmless; for one round
        self.sets = {}  # classes, functions and modules with what they set their attributes and names to

    def add(self, source):
        parts = os.fsdecode(os.path.splitext(source.path)[0]).split(os.sep)
        if parts[-1] == "__init__":
            parts.pop()
        m = Module(source, ".".join(parts))
        self.lines.clear()
        self.resolved.clear()
        self.modules[m.name] = m
        for i in range(len(parts)):
            self.endings.setdefault(".".join(parts[i:]), []).append(m)
        for f in m.funcs:
            self.named.setdefault(f.name, []).append(f)
        return m

    def module(self, dotted, near):
        """The module that an import in near names; None if that is not simple."""
        beside = near.package + "." + dotted if near.package else dotted
        found = self.modules.get(dotted) or self.modules.get(beside)
        if found is None and len(self.endings.get(dotted, ())) == 1:
            found = self.endings[dotted][0]
        return found

    def resolve(self, e, module, func, depth=0):
        """What an expression names: a Func, a Class, a dotted name from outside, or None."""
        key = id(e), func
        if key not in self.resolved:
            self.resolved[key] = None  # a name that stands for itself stands for nothing
            self.resolved[key] = self.look_up(e, module, func, depth)
        return self.resolved[key]

    def look_up(self, e, module, func, depth):
        if depth > DEEPEST:
            return None
        if isinstance(e, ast.Name):
            return self.resolve_name(e.id, module, func, depth)
        if not isinstance(e, ast.Attribute):
            return imported(e)
        if isinstance(e.value, ast.Name) and func is not None:
            cls = self.class_of(func)
            if cls and e.value.id in ("self", "cls"):
                return self.method(cls, e.attr) or self.class_alias(cls, e.attr, depth)
        if isinstance(e.value, ast.Call) and last_name(e.value.func) == "super" and func is not None and self.class_of(func):
            return self.method(self.class_of(func), e.attr, own=False)
        base = self.resolve(e.value, module, func, depth + 1) or self.instance(e.value, module, func, depth + 1)
        if isinstance(base, Class):
            return self.method(base, e.attr) or self.class_alias(base, e.attr, depth)
        if isinstance(base, str):
            return self.dotted(base + "." + e.attr, module, depth + 1)
        return None

    def instance(self, e, module, func, depth):
        """The class of what an expression holds, where all that sets it says so: db = Database(path)."""
        if isinstance(e, ast.Call):
            found = self.resolve(e.func, module, func, depth)
            return found if isinstance(found, Class) else None
        values = []
        if isinstance(e, ast.Name):
            values = self.assigned(e.id, module, func)
        elif isinstance(e, ast.Attribute) and isinstance(e.value, ast.Name) and e.value.id == "self" and func is not None and self.class_of(func):
            cls = self.class_of(func)
            module, values = cls.module, self.attributes(cls).get(e.attr, [])
        found = {self.resolve(v.func, module, func, depth) if isinstance(v, ast.Call) else None for v in values}
        cls = found.pop() if len(found) == 1 else None
        return cls if isinstance(cls, Class) else None

    def assigned(self, name, module, func):
        """All that a name is set to, where it is set by plain assignment."""
        while func is not None and name not in func.locals:
            func = func.parent
        if func is not None and name in func.keywords:
            return []
        where = func or module
        if where not in self.sets:
            found = self.sets[where] = {}
            for n in module.source.tree.body if func is None else func.own:
                for t in n.targets if isinstance(n, ast.Assign) else ():
                    if isinstance(t, ast.Name):
                        found.setdefault(t.id, []).append(n.value)
        return self.sets[where].get(name, [])

    def attributes(self, cls):
        """All that the methods of a class set self's attributes to."""
        if cls not in self.sets:
            found = self.sets[cls] = {}
            for f in cls.methods.values():
                for n in f.own if isinstance(f, Func) else ():
                    if isinstance(n, ast.Assign):
                        for t in n.targets:
                            if isinstance(t, ast.Attribute) and isinstance(t.value, ast.Name) and t.value.id == "self":
                                found.setdefault(t.attr, []).append(n.value)
        return self.sets[cls]

    def resolve_name(self, name, module, func, depth):
        scope = func
        while scope is not None:
            if name in scope.inner:
                return scope.inner[name]
            if name in scope.locals:
                break
            scope = scope.parent
        if scope is not None:
            return self.local_alias(name, module, scope, depth)
        for m in self.starred(module):
            found = self.at_top(name, m, depth) if m is module or not name.startswith("_") else None
            if found is not None:
                return found
        return None

    def aliased(self, value, module, func, depth):
        """What a name stands for that is set to value. One that opens in memory, or by a factory, is no opener."""
        call = value.body if isinstance(value, ast.Lambda) else value
        if isinstance(call, ast.Call):
            given = call.args + [k.value for k in call.keywords]
            if any(self.in_memory(a, module, func) for a in given) or any(k.arg == "factory" for k in call.keywords):
                return None
        expr = alias(value)
        found = None if expr is None else self.resolve(expr, module, func, depth + 1)
        if isinstance(found, Func) and (found.bound or not isinstance(value, (ast.Name, ast.Attribute))):
            return Moved(found)
        return found

    def in_memory(self, e, module, func):
        """Whether a database of this name is in memory, and has no file."""
        if not isinstance(e, ast.Name):
            return is_memory(e)
        values = self.assigned(e.id, module, func)
        return bool(values) and all(is_memory(v) for v in values)

    def local_alias(self, name, module, func, depth):
        """What a name of a function stands for that is set once: op = lambda: sqlite3.connect(path)."""
        values = self.assigned(name, module, func)
        return self.aliased(values[0], module, func, depth) if len(values) == 1 and func.stores[name] == 1 else None

    def class_alias(self, cls, attr, depth):
        """What opens, that an attribute of a class stands for: connect = staticmethod(sqlite3.connect)."""
        for c in self.line(cls):
            if attr in c.aliases and not self.attributes(c).get(attr):
                found = self.aliased(c.aliases[attr], c.module, None, depth)
                return found if isinstance(found, str) and found in OPENERS else None
        return None

    def at_top(self, name, module, depth):
        """What a name means at the top of a module of the folder, or of a library, which is its name."""
        if isinstance(module, str):
            return module + "." + name if module + "." + name in OPENERS else None
        if name in module.defined:
            return module.defined[name]
        if name in module.aliases:
            return self.aliased(module.aliases[name], module, None, depth)
        found = None
        for target in module.imports.get(name, ()):
            found = self.dotted(target, module, depth + 1)
            if found in OPENERS or found in ("sqlite3", "apsw"):
                break
        return found

    def openers(self, module):
        """The names by which a module has the libraries, or what opens in them."""
        names = list(module.aliases) + list(module.imports)
        for m in self.starred(module):
            names += [o.rpartition(".")[2] for o in OPENERS if o.rpartition(".")[0] == m]
        found = {n: self.resolve_name(n, module, None, 0) for n in names}
        return [n for n, what in found.items() if isinstance(what, str) and (what in OPENERS or what in LIBRARIES)]

    def starred(self, module):
        """The module and those whose names it has by import *."""
        if module in self.lines:
            return self.lines[module]
        out = self.lines[module] = [module]
        for m in out:
            for name in [] if isinstance(m, str) else m.stars[::-1]:
                above = name if name in LIBRARIES else self.module(name, m)
                if above is not None and above not in out:
                    out.append(above)
        return out

    def dotted(self, name, near, depth):
        """A dotted name, looked up in the folder; the name itself where that has no such module."""
        if depth > DEEPEST or name in OPENERS:
            return name
        head, _, tail = name.rpartition(".")
        if head in ("sqlite3", "apsw", "contextlib"):
            return name
        m = self.module(head, near) if head else None
        if m is None or m is near:
            return name
        if tail in m.defined:
            return m.defined[tail]
        return self.resolve_name(tail, m, None, depth + 1) or name

    def class_of(self, func):
        while func is not None and func.cls is None:
            func = func.parent
        return func.cls if func else None

    def method(self, cls, name, own=True):
        for c in self.line(cls)[0 if own else 1:]:
            if name in c.methods:
                return c.methods[name]
        return None

    def line(self, cls):
        """The class and those above it that are known."""
        if cls in self.lines:
            return self.lines[cls]
        out = self.lines[cls] = [cls]
        for c in out:
            for b in c.node.bases:
                above = self.resolve(b, c.module, None)
                if isinstance(above, Class) and above not in out and len(out) < 32:
                    out.append(above)
        return out

    def harmless(self, name):
        """Whether all methods that the name may mean leave their arguments with the caller, as known in this round."""
        if name not in self.asked:
            self.asked[name] = False  # while it is asked: where append calls append, what that keeps is not known
            self.asked[name] = name in self.named and name not in KEEPERS and not any(
                f.closes or f.keeps or not all(self.harmless(n) for n in f.passes) for f in self.named[name])
        return self.asked[name]

    def is_connection(self, cls):
        return any(self.resolve(b, c.module, None) in OPENERS for c in self.line(cls) for b in c.node.bases)

    def exit_closes(self, cls):
        """Whether leaving a with over an object of the class closes it."""
        m = self.method(cls, "__exit__")
        return m is not None and any(isinstance(n, ast.Attribute) and n.attr == "close" for n in ast.walk(m.node))
