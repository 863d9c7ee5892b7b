"""Connections that are stored on objects."""
import ast

from calls import READERS
from findings import Finding
from modules import Class, Func, last_name

CLOSES = ("close", "aclose", "__exit__")
THREADED = (b"ThreadingHTTPServer", b"ThreadingMixIn", b"ThreadingTCPServer")


def judge(project, flows):
    """The findings about what functions stored on objects."""
    stores, locals_ = {}, []
    for flow in flows:
        for h, target in flow.kept:
            cls = project.class_of(flow.func) if flow.func else None
            if cls is not None and isinstance(target.value, ast.Name) and target.value.id == "self":
                stores.setdefault((cls, target.attr), []).append((flow, h))
            else:
                locals_.append((flow, h, target))
    outside = closed_from_outside(project)
    below = families(project)
    for (cls, attr), sites in stores.items():
        roots = [c.node for c in project.line(cls) + below.get(cls, [])]
        if attr not in outside and not any(closes(project, cls, root, attr) for root in roots):
            for flow, h in sites:
                yield Finding("HS005", flow.module.path, flow.func.name, h.node, h.header,
                              "the connection is kept as self.%s, and nothing closes it in class %s" % (attr, cls.name))
        elif any(flow.func.name == "__init__" for flow, _ in sites):
            for flow, h in sites:
                if flow.func.name != "__init__" and replaces(project, cls, flow.func, attr, h):
                    yield Finding("HS006", flow.module.path, flow.func.name, h.node, h.header,
                                  "self.%s holds a connection since __init__, which is not closed before this one takes its place" % attr)
    yield from per_thread(project, locals_)


def families(project):
    """For each class those below it, with all that they stand on."""
    below = {}
    for m in project.modules.values():
        for c in m.classes:
            line = project.line(c)
            for above in line[1:]:
                below.setdefault(above, []).extend(line)
    return below


def closed_from_outside(project):
    """The attributes that some code closes on another object than self: store.conn.close()."""
    out = set()
    for m in project.modules.values():
        for n in ast.walk(m.source.tree):
            if isinstance(n, ast.Attribute) and n.attr in CLOSES and isinstance(n.value, ast.Attribute):
                if not (isinstance(n.value.value, ast.Name) and n.value.value.id == "self"):
                    out.add(n.value.attr)
    return out


def closes(project, cls, root, attr):
    """Whether code below root closes self.attr, or gives it to somebody who may."""
    names = set()
    for n in ast.walk(root):
        if isinstance(n, (ast.Assign, ast.NamedExpr)) and holds(n.value, attr, root):
            targets = n.targets if isinstance(n, ast.Assign) else [n.target]
        elif isinstance(n, (ast.For, ast.comprehension)) and holds(n.iter, attr, root):
            targets = [n.target]
        else:
            continue
        names.update(t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name))
    for n in ast.walk(root):
        if isinstance(n, ast.Attribute) and n.attr in CLOSES:
            if holds(n.value, attr, root) or isinstance(n.value, ast.Name) and n.value.id in names:
                return True
        elif isinstance(n, ast.Call) and last_name(n.func) not in READERS and not (isinstance(n.func, ast.Attribute) and is_attr(n.func.value, attr)):
            for i, a in enumerate(n.args):
                if is_attr(a, attr) and takes(project, cls, n, i):
                    return True
    return False


def takes(project, cls, call, i):
    """Whether a call closes or keeps its argument, or may."""
    method = next(iter(cls.methods.values()), None)
    f = project.resolve(call.func, cls.module, method if isinstance(method, Func) else None)
    if not isinstance(f, Func):
        return True
    i += 1 if f.bound and isinstance(call.func, ast.Attribute) else 0
    return i in f.closes or i in f.keeps


def is_attr(e, attr):
    return isinstance(e, ast.Attribute) and e.attr == attr and isinstance(e.value, ast.Name)


def holds(e, attr, root):
    """Whether the value itself, or a part of a tuple, is self.attr."""
    parts = e.elts if isinstance(e, (ast.Tuple, ast.List)) else [e]
    return any(is_attr(p, attr) or by_text(p, attr, root) for p in parts)


def by_text(e, attr, root):
    """Whether the value is got by the text of a name, and root has that text: self.__dict__.pop("conn")."""
    if isinstance(e, ast.Call) and last_name(e.func) == "getattr":
        return names_text(root, attr)
    of = e.value if isinstance(e, ast.Subscript) else e.func.value if isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute) else None
    return last_name(of) in ("__dict__", "vars") and names_text(root, attr)


def names_text(root, attr):
    return any(isinstance(n, ast.Constant) and n.value == attr for n in ast.walk(root))


def replaces(project, cls, func, attr, h):
    """Whether the method sets the attribute anew without a look at the old one, or a call that may close it."""
    for n in ast.walk(func.node):
        if getattr(n, "lineno", h.node.lineno) >= h.node.lineno:
            continue
        if is_attr(n, attr) and isinstance(n.ctx, ast.Load):
            return False
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and isinstance(n.func.value, ast.Name) and n.func.value.id == "self":
            f = project.method(cls, n.func.attr)
            if f is None or closes(project, cls, f.node, attr):
                return False
    return True


def per_thread(project, stores):
    """Connections in a threading.local of threads that end: nothing closes them at the end of one."""
    for flow, h, target in stores:
        m = flow.module
        if flow.func is None or last_name(target.value) not in thread_locals(m) or not in_ending_thread(m, flow.func.name):
            continue
        closed = any(isinstance(n, ast.Attribute) and n.attr in CLOSES and last_name(n.value) == target.attr for n in ast.walk(m.source.tree))
        if not closed:
            yield Finding("HS007", m.path, flow.func.name, h.node, h.header,
                          "the connection is kept as %s.%s of each thread, and nothing closes it when the thread ends" % (last_name(target.value), target.attr))


def thread_locals(m):
    return {last_name(t) for n in ast.walk(m.source.tree) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and last_name(n.value.func) == "local"
            for t in n.targets}


def in_ending_thread(m, name):
    """Whether the function is run, as far as its module shows, by a thread of a task or a request."""
    starts = {last_name(k.value) for n in ast.walk(m.source.tree) if isinstance(n, ast.Call) and last_name(n.func) == "Thread"
              for k in n.keywords if k.arg == "target"}
    threaded = any(w in m.source.data for w in THREADED)
    for c in m.classes:
        if any("Thread" in last_name(b) for b in c.node.bases) and "run" in c.methods:
            starts.add("run")
        starts.update(n for n in c.methods if threaded and (n == "handle" or n.startswith("do_")))
    calls = {f.name: {last_name(n.func) for n in ast.walk(f.node) if isinstance(n, ast.Call)} for f in m.funcs}
    seen, todo = set(), list(starts)
    while todo:
        n = todo.pop()
        if n not in seen:
            seen.add(n)
            todo.extend(calls.get(n, ()))
    return name in seen
