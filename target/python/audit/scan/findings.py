"""What is wrong with the connections of one function."""
from state import Held

KINDS = {"return": "when line %d returns", "raise": "when line %d raises", "end": "when the function ends"}


class Finding:
    def __init__(self, rule, path, function, node, header, message):
        self.rule, self.path, self.function, self.message = rule, path, function, message
        self.line, self.col = node.lineno, node.col_offset
        first, last = node.lineno, node.end_lineno
        if header is not None:
            first = min(first, header.lineno)
            last = max(last, header.end_lineno if not hasattr(header, "body") else max(last, header.body[0].lineno - 1))
        self.first, self.last = first, max(first, last)


def judge(flow):
    """The findings of one function."""
    name = flow.func.name if flow.func is not None else "<module>"
    for h in flow.held.values():
        rule, message = verdict(h, flow.func is not None and flow.func.generator)
        if rule:
            yield Finding(rule, flow.module.path, name, h.node, h.header, message)


def verdict(h, generator):
    """The rule that the connection breaks, if any, and what to say."""
    ways = {}
    for kind, line in h.open_at:
        ways.setdefault(kind, line)
    plain = [k for k in ("return", "raise", "end") if k in ways]
    if not ways and not h.lost:
        return None, None
    if h.yielded and not h.closed:
        return None, None  # whoever takes it from the generator owns it
    what = h.what + "(...)"
    if not h.closed and not h.handed and (plain or "yield" in ways or h.in_with):
        if h.in_with:
            return "HS001", "with %s commits or rolls back and leaves the connection open" % what
        return "HS002", "nothing closes the connection that %s opens" % what
    closed = "closed in line %d" % h.closed[0] if h.closed else "handed on elsewhere"
    if h.lost:
        return "HS006", "line %d puts something else in the place of the connection that %s opens, which is still open" % (h.lost[0], what)
    if not h.closed and not h.handed:
        return None, None  # the function never ends, or ends the process
    if plain:
        where = KINDS[plain[0]]
        return "HS003", "the connection that %s opens, %s, stays open %s" % (what, closed, where % ways[plain[0]] if "%d" in where else where)
    if h.handed:
        return None, None  # an error before it is handed on is not followed
    if "yield" in ways:
        return "HS008", "the connection that %s opens, %s, stays open where the generator is left at line %d" % (what, closed, ways["yield"])
    return "HS004", "the connection that %s opens, %s, stays open if line %d raises an error" % (what, closed, ways["error"])
