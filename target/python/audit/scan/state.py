"""What may be so at one point of a function."""
import ast

NONE = frozenset()
LENT = ("lent to a function that was given", True)  # a fact of an open connection; that function may own it now


class Held:
    """One place where a connection is opened, or a parameter that may be one."""

    def __init__(self, node, what, param=None):
        self.node, self.what, self.param = node, what, param
        self.header = node  # the statement, or the head of a with, in which it is opened
        self.in_with = self.exit_closes = False
        self.closed, self.handed = [], False  # lines; ownership passed on
        self.yielded = False
        self.lost = []  # lines where the last name of it is set anew
        self.open_at = []  # (kind, line) of each way out of the function on which it is open


class State:
    """env: the connections that a name may stand for. open: those that may be open, each with
    what is then known. facts: tests that are known. defs: names that stand for a test."""

    __slots__ = ("env", "open", "facts", "defs")

    def __init__(self, env=None, opened=None, facts=NONE, defs=None):
        self.env, self.open, self.facts, self.defs = env or {}, opened or {}, facts, defs or {}

    def copy(self):
        return State(dict(self.env), dict(self.open), self.facts, dict(self.defs))

    def same(self, other):
        return other is not None and self.env == other.env and self.open == other.open and self.facts == other.facts

    def drop(self, held):
        for h in held:
            self.open.pop(h, None)

    def learn(self, fact):
        """Adds a fact; what is only open where it is not so is closed here. False if it cannot be."""
        facts = {fact} | {(name, truth == fact[1]) for name, (test, truth) in self.defs.items() if test == fact[0]}
        if fact[0] in self.defs:
            test, truth = self.defs[fact[0]]
            facts.add((test, truth == fact[1]))
        against = {(text, not truth) for text, truth in facts}
        if against & self.facts:
            return False
        self.facts |= facts
        self.open = {h: known | facts for h, known in self.open.items() if not against & known}
        return True

    def forget(self, name):
        """Takes back what is known by a name that is set anew."""
        self.defs = {n: d for n, d in self.defs.items() if n != name and not mentions(d[0], name)}
        self.facts = frozenset(f for f in self.facts if not mentions(f[0], name))
        self.open = {h: frozenset(f for f in known if not mentions(f[0], name)) for h, known in self.open.items()}


def mentions(text, name):
    return text == name or "id='%s'" % name in text


def join(*states):
    """What may be so where several ways meet; None where none arrives."""
    states = [s for s in states if s is not None]
    if not states:
        return None
    out = states[0].copy()
    for s in states[1:]:
        for name, held in s.env.items():
            out.env[name] = out.env.get(name, NONE) | held
        for h, known in s.open.items():
            out.open[h] = out.open[h] & known if h in out.open else known
        out.facts &= s.facts
        out.defs = {n: d for n, d in out.defs.items() if s.defs.get(n) == d}
    return out


class Jumps:
    """The ways that leave a block before its end. Errors that any statement may raise are one way."""

    def __init__(self):
        self.ways = {}  # (kind, line): [state, name of what is raised, first line for each connection]

    def add(self, kind, line, state, name="", first=None):
        if first is None:
            first = {h: line for h in state.open}
        key = (kind, 0 if kind in ("error", "yield", "break", "continue") else line)
        if key not in self.ways:
            self.ways[key] = [state, name, dict(first)]
            return
        way = self.ways[key]
        way[0] = join(way[0], state)
        for h, line in first.items():
            way[2].setdefault(h, line)

    def __iter__(self):
        for (kind, line), (state, name, first) in list(self.ways.items()):
            yield kind, line, state, name, first

    def take(self, kind):
        """The state of one kind of way, which ends here."""
        way = self.ways.pop((kind, 0), None)
        return way[0] if way else None


def test_text(e):
    """A test and whether it is meant to hold: "x is None" is that "x" does not."""
    truth = True
    while isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.Not):
        e, truth = e.operand, not truth
    if isinstance(e, ast.Compare) and len(e.ops) == 1 and isinstance(e.ops[0], (ast.IsNot, ast.NotEq, ast.NotIn)):
        op = {ast.IsNot: ast.Is, ast.NotEq: ast.Eq, ast.NotIn: ast.In}[type(e.ops[0])]()
        e, truth = ast.Compare(e.left, [op], e.comparators), not truth
    if isinstance(e, ast.Compare) and len(e.ops) == 1 and isinstance(e.ops[0], (ast.Is, ast.Eq)):
        right = e.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            e, truth = e.left, not truth  # nobody asks this of what may be there and false
    return (e.id if isinstance(e, ast.Name) else ast.dump(e)), truth, e
