"""Audits a folder of Python files; the arguments are the folder and the rules. Writes one JSON object."""
import gc
import io
import json
import os
import re
import sys
import threading
import tokenize

import findings
import ignores
import objects
from flow import Flow
from project import Project
from sources import Sources

STACK = 512 << 20  # bytes; only what is used is taken
DEPTH = 20000
SEED = re.compile(rb"sqlite|apsw|sqlcipher")
ROUNDS = 8  # through functions that hand on what others opened


def main(root, rules):
    sources, project, rest, files = Sources(root), Project(), [], []
    flows = {}
    for s in sources:
        if b"hermes-soak:" in s.data:
            files.append((s.path, s.data))
        if SEED.search(s.data):
            add(project, sources, s)
        else:
            rest.append(s.path)  # its tree is made again if it turns out to matter
    for _ in range(ROUNDS):
        flows = follow(project, sources)
        rest, found = related(project, sources, rest)
        if not found:
            break
    all_ = [f for flow in flows.values() for f in findings.judge(flow)]
    all_ += objects.judge(project, list(flows.values()))
    left, taken, notes = ignores.apply(all_, files, rules)
    data = {m.path: m.source.data for m in project.modules.values()}
    for f in all_:
        f.column = column(data[f.path], f.line, f.col)
    write(sources, left, taken, sources.notes + notes)


def add(project, sources, source):
    try:
        project.add(source)
    except RecursionError:
        sources.note(source.path, "nested too deeply", True)


def follow(project, sources):
    """Follows every function until what callers must know of them is known."""
    flows, changed = {}, None
    for _ in range(ROUNDS):
        again, changed = changed, set()
        project.asked.clear()
        for m in list(project.modules.values()):
            for f in [None] + m.funcs:
                if again is not None and f is not None and not again & f.mentions:
                    continue  # nothing that it calls is known better now
                try:
                    flow = flows[m, f] = Flow(project, m, f).run()
                except RecursionError:
                    too_deep(sources, m)
                    continue
                if f is not None and summarize(f, flow):
                    changed.add(f.name)
        if not changed:
            break
    return flows


def too_deep(sources, m):
    if m.path not in {n.path for n in sources.notes}:
        sources.note(m.path, "nested too deeply", True)


def summarize(f, flow):
    """Notes what callers must know; whether that is news."""
    before = f.summary()
    f.closes |= {h.param for h in flow.params.values() if h.closed}
    f.keeps |= {h.param for h in flow.params.values() if h.handed}
    f.returns |= flow.returns
    f.passes |= flow.passes
    if not (f.generator or f.cached or f.fixture) and f.fresh is None:
        f.fresh = flow.fresh
    return f.summary() != before


def related(project, sources, rest):
    """Takes in the files that name what gives a connection. What is left, and whether any was found."""
    names = {n for m in project.modules.values() for n in project.openers(m)}
    names |= {f.name for m in project.modules.values() for f in m.funcs if f.fresh is not None}
    names |= {c.name for m in project.modules.values() for c in m.classes if project.is_connection(c)}
    if not names:
        return rest, False
    word = re.compile(rb"\b(?:" + b"|".join(re.escape(n.encode()) for n in sorted(names)) + rb")\b")
    left, found = [], False
    for path in rest:
        with open(os.path.join(sources.root, path), "rb") as f:
            data = f.read()
        if word.search(data):
            add(project, sources, sources.again(path, data))
            found = True
        else:
            left.append(path)
    return left, found


def column(data, line, offset):
    """The place in a line, from 1, of an offset in the bytes of its UTF-8, as an editor counts."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    for n, text in enumerate(io.TextIOWrapper(io.BytesIO(data), encoding), 1):
        if n == line:
            return len(text.encode()[:offset].decode()) + 1
    return offset + 1


def shown(path):
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def listed(found):
    return [{"rule": f.rule, "path": shown(f.path), "line": f.line, "column": f.column, "first_line": f.first, "last_line": f.last,
             "function": f.function, "message": f.message} for f in sorted(found, key=lambda f: (f.path, f.line, f.col, f.rule))]


def write(sources, found, taken, notes):
    json.dump({
        "python": "%d.%d.%d" % sys.version_info[:3], "files": sources.files, "lines": sources.lines,
        "findings": listed(found), "ignored": listed(taken),
        "notes": [{"path": shown(n.path), "line": n.line, "text": n.text, "unread": n.unread}
                  for n in sorted(notes, key=lambda n: (n.path, n.line))],
    }, sys.stdout)


if sys.version_info < (3, 8):
    sys.exit("python3 is %d.%d; the audit needs 3.8 or later" % sys.version_info[:2])
gc.disable()  # trees and states have no cycles, and looking for them takes a third of the time
sys.setrecursionlimit(DEPTH)
threading.stack_size(STACK)
failed = []


def guarded():
    try:
        main(sys.argv[1], sys.argv[2:])
    except BaseException:
        failed.append(True)
        raise


thread = threading.Thread(target=guarded)
thread.start()
thread.join()
sys.exit(1 if failed else 0)
