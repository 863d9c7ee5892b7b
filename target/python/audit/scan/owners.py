"""Who owns the connections of one function, and by which names."""
import ast

from modules import FUNCTIONS
from state import LENT, NONE, Held


class Owners:
    def __init__(self, project, module, func):
        self.project, self.module, self.func = project, module, func
        self.held = {}  # by the node that opens it
        self.params = {}
        self.kept = []  # (Held, target): stored on an object
        self.fresh, self.returns, self.passes = None, set(), set()
        self.statement = None
        self.fixture = func is not None and func.fixture
        self.again = {}  # the last value of each part of a tuple
        self.captured = self.find_captured()

    def resolve(self, e):
        return self.project.resolve(e, self.module, self.func)

    def find_captured(self):
        """The names that functions defined in this one close, or that leave with them."""
        out = set()
        if self.func is None or not self.func.inner:
            return out
        own = self.func.own
        called = {id(n.func) for n in own if isinstance(n, ast.Call)}
        leaving = {n.id for n in own if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in called}
        for f in own:
            if not isinstance(f, FUNCTIONS):
                continue
            for n in ast.walk(f):
                if f.name in leaving or f.decorator_list:
                    names = [n] if isinstance(n, ast.Name) else []
                elif isinstance(n, ast.Attribute) and n.attr == "close":
                    names = [n.value]
                elif isinstance(n, (ast.Call, ast.Return)):
                    names = [n.value] if isinstance(n, ast.Return) else n.args
                else:
                    continue
                out.update(m.id for m in names if isinstance(m, ast.Name))
        return out

    # Names.

    def bind(self, target, value, state, expr=None, in_with=False, keep=NONE):
        if isinstance(target, ast.Name):
            self.bind_name(target.id, value, state, in_with, keep)
        elif isinstance(target, ast.Attribute):
            self.value(target.value, state)
            for h in value:
                if h in state.open and h.param is None and LENT not in state.open[h]:
                    self.kept.append((h, target))
            self.hand(value, state)
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = expr.elts if isinstance(expr, (ast.Tuple, ast.List)) and len(expr.elts) == len(target.elts) else None
            for i, t in enumerate(target.elts):
                if parts:
                    part = self.again.get(id(parts[i]), NONE)
                else:
                    part = frozenset(h for h in value if getattr(h, "index", i) in (i, None)) if expr is not None else value
                self.bind(t, part, state, parts[i] if parts else None, in_with, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value, state)
        else:
            self.value_of_children(target, state)
            self.hand(value, state)

    def bind_name(self, name, value, state, in_with, keep):
        outside = self.func is None or name in self.func.globals
        if (outside and not in_with) or name in self.captured:
            self.hand(value, state)
        for h in state.env.get(name, NONE) - value - keep:
            named = any(h in others for n, others in state.env.items() if n != name)
            if h in state.open and not named and h.param is None:
                self.lose(h, state, self.statement.lineno)
        state.forget(name)
        if value:
            state.env[name] = value
        else:
            state.env.pop(name, None)

    # Ownership.

    def open(self, node, what, state, exit_closes=False):
        h = self.held.get(id(node))
        if h is None:
            h = self.held[id(node)] = Held(node, what)
            h.header = self.statement
        h.exit_closes = exit_closes
        if h in state.open:
            self.lose(h, state, node.lineno)  # a loop opens it again
        state.open[h] = state.facts
        return frozenset([h])

    def lose(self, h, state, line):
        """The last name of it is set anew: it is lost, unless whom it was lent to owns it."""
        if LENT in state.open[h]:
            h.handed = True
        else:
            h.lost.append(line)
        state.drop([h])

    def close(self, held, state, line):
        for h in held:
            h.closed.append(line)
            state.open.pop(h, None)

    def hand(self, held, state):
        """Somebody else owns them now."""
        for h in held:
            if h in state.open:
                h.handed = True
                state.open.pop(h)

    def give_back(self, expr, value, state):
        """The function returns value."""
        for h in value:
            if h.param is not None:
                self.returns.add(h.param)
            elif LENT in state.open.get(h, NONE):
                self.hand([h], state)
            elif h in state.open:
                parts = expr.elts if isinstance(expr, ast.Tuple) else []
                at = [i for i, e in enumerate(parts) if h in self.again.get(id(e), NONE)]
                self.fresh = at[0] if at else "whole"
                h.handed = True
                state.open.pop(h)
