"""Follows the connections of one function along all its ways: statements."""
import ast

from calls import Calls
from modules import FUNCTIONS, last_name
from state import LENT, NONE, Held, Jumps, State, join, test_text

ROUNDS = 6  # of a loop; what may be open is the same after two or three
CATCH_ALL = {"", "Exception", "BaseException"}
SWALLOW = {"suppress", "raises", "assertRaises", "assertRaisesRegex"}
HARMLESS = {"print", "len", "isinstance", "str", "repr", "int", "bool", "id", "debug", "info", "warning", "error", "exception",
            "time", "monotonic", "perf_counter", "append", "format", "getLogger", "cursor", "closing", "ExitStack"} | SWALLOW
LEAVES = {"sys.exit", "os._exit", "os.abort", "os.execv", "os.execvp"}


class Flow(Calls):
    """One function, or with func None the statements of a module."""

    def __init__(self, project, module, func):
        super().__init__(project, module, func)
        self.quiet = 0  # above 0 in code that cleans up, whose own errors are not followed

    def run(self):
        body = self.module.source.tree.body if self.func is None else self.func.node.body
        state = State()
        for i, name in enumerate(self.func.params if self.func else ()):
            h = self.params[i] = Held(self.func.node, name, i)
            state.env[name], state.open[h] = frozenset([h]), NONE
        jumps = Jumps()
        end = self.block(body, state, jumps)
        if end is not None:
            jumps.add("end", 0, end)
        for kind, line, state, _, first in jumps:
            for h, known in state.open.items():
                if LENT in known and kind not in ("error", "yield"):
                    h.handed = True
                else:
                    h.open_at.append((kind, line or first.get(h, 0)))
        return self

    def block(self, body, state, jumps):
        """Runs statements; the state behind them, or None where they do not end."""
        for s in body:
            if state is None:
                break
            self.statement = s
            run = getattr(self, "s_" + type(s).__name__, self.s_simple)
            state = run(s, state, jumps)
        return state

    def s_simple(self, s, before, jumps):
        after = before.copy()
        self.value_of_children(s, after)
        return self.done(s, before, after, jumps)

    def done(self, s, before, after, jumps):
        """The errors of a statement, or of the head of one, that was evaluated."""
        first = s[0] if isinstance(s, list) else s
        key = (id(first), isinstance(s, list))
        if key not in self.project.marks:
            nodes = [n for part in (s if isinstance(s, list) else [s]) for n in [part] + walk(part)]
            self.project.marks[key] = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in nodes), any(risky(n) for n in nodes)
        yields, fails = self.project.marks[key]
        held = {h: known for h, known in before.open.items() if h in after.open}
        if yields and not self.fixture:
            kind = "error" if self.func and self.func.manager else "yield"
            jumps.add(kind, first.lineno, State(before.env, held, before.facts, before.defs))
        elif fails and not self.quiet:
            jumps.add("error", first.lineno, State(before.env, held, before.facts, before.defs))
        return after

    def s_Expr(self, s, before, jumps):
        after = before.copy()
        self.value(s.value, after)
        if isinstance(s.value, ast.Call):
            target = self.resolve(s.value.func)
            if target in LEAVES or target is None and last_name(s.value.func) in ("exit", "quit") and isinstance(s.value.func, ast.Name):
                return None  # the process ends, and gives everything back
            if last_name(s.value.func) in ("fail", "skip") and isinstance(s.value.func, ast.Attribute):
                jumps.add("error", s.lineno, after)
                return None
        return self.done(s, before, after, jumps)

    def s_Assign(self, s, before, jumps):
        after = before.copy()
        value = self.value(s.value, after)
        for t in s.targets:
            self.bind(t, value, after, s.value)
        self.define(s.targets, s.value, after)
        return self.done([s.value] + [t for t in s.targets if not isinstance(t, ast.Name)], before, after, jumps)

    def s_AnnAssign(self, s, before, jumps):
        if s.value is None:
            return before
        after = before.copy()
        self.bind(s.target, self.value(s.value, after), after, s.value)
        return self.done(s.value, before, after, jumps)

    def s_AugAssign(self, s, before, jumps):
        after = before.copy()
        self.value(s.target, after)
        self.hand(self.value(s.value, after), after)  # a list that takes them in
        return self.done(s, before, after, jumps)

    def define(self, targets, value, state):
        """Remembers a test under its name: own = conn is None."""
        for t in targets:
            if not isinstance(t, ast.Name):
                continue
            if isinstance(value, ast.Constant) and isinstance(value.value, bool):
                state.learn((t.id, value.value))
            elif isinstance(value, (ast.Compare, ast.UnaryOp, ast.Call, ast.BoolOp)):
                text, truth, _ = test_text(value)
                state.defs[t.id] = (text, truth)

    def s_Return(self, s, before, jumps):
        after = before.copy()
        if s.value is not None:
            value = self.value(s.value, after)
            self.give_back(s.value, value, after)
            self.done(s.value, before, after, jumps)
        jumps.add("return", s.lineno, after)
        return None

    def s_Raise(self, s, before, jumps):
        after = before.copy()
        self.value_of_children(s, after)
        jumps.add("raise", s.lineno, after, last_name(s.exc) if s.exc is not None else "")
        return None

    def s_Assert(self, s, before, jumps):
        after = before.copy()
        self.value_of_children(s, after)
        self.done(s, before, after, jumps)
        return self.refine(s.test, after, True)

    def s_Delete(self, s, before, jumps):
        after = before.copy()
        for t in s.targets:
            self.bind(t, NONE, after)
        return after

    def s_Break(self, s, before, jumps):
        jumps.add("break", s.lineno, before)
        return None

    def s_Continue(self, s, before, jumps):
        jumps.add("continue", s.lineno, before)
        return None

    def s_FunctionDef(self, s, before, jumps):
        after = before.copy()
        for d in s.decorator_list:
            self.value(d, after)
        return after

    s_AsyncFunctionDef = s_FunctionDef

    def s_ClassDef(self, s, before, jumps):
        if self.func is not None:
            return before
        after = self.block(s.body, before, jumps)  # a class keeps what it opens, as a module does
        return after

    def s_If(self, s, before, jumps):
        after = before.copy()
        self.value(s.test, after)
        self.done(s.test, before, after, jumps)
        return join(self.block(s.body, self.refine(s.test, after, True), jumps),
                    self.block(s.orelse, self.refine(s.test, after, False), jumps))

    def s_Match(self, s, before, jumps):
        after = before.copy()
        self.value(s.subject, after)
        last = s.cases[-1]
        total = last.guard is None and type(last.pattern).__name__ == "MatchAs" and last.pattern.pattern is None
        return join(None if total else after, *[self.block(c.body, after.copy(), jumps) for c in s.cases])

    def s_While(self, s, state, jumps):
        def turn(entry, inner):
            test = entry.copy()
            self.value(s.test, test)
            self.done(s.test, entry, test, inner)
            return self.block(s.body, self.refine(s.test, test, True), inner), self.refine(s.test, test, False)
        return self.loop(s, state, jumps, turn)

    def s_For(self, s, before, jumps):
        state = before.copy()
        items = self.value(s.iter, state)
        self.done(s.iter, before, state, jumps)

        def turn(entry, inner):
            body, empty = entry.copy(), entry.copy()
            self.done(s.iter, entry, body, inner)  # the next item may be an error too
            self.bind(s.target, items, body, keep=items)
            empty.drop(items)  # with no turn there were no connections to go over
            return self.block(s.body, body, inner), empty
        return self.loop(s, state, jumps, turn)

    s_AsyncFor = s_For

    def loop(self, s, state, jumps, turn):
        entry, left = state, None
        for _ in range(ROUNDS):
            inner = Jumps()
            end, ended = turn(entry, inner)
            left = inner.take("break")
            again = join(entry, end, inner.take("continue"))
            if again.same(entry):
                break
            entry = again
        for kind, line, st, name, first in inner:
            jumps.add(kind, line, st, name, first)
        if ended is not None and s.orelse:
            ended = self.block(s.orelse, ended, jumps)
        return join(ended, left)

    def s_Try(self, s, state, jumps):
        inner, outer = Jumps(), Jumps() if s.finalbody else jumps
        end = self.block(s.body, state, inner)
        caught, caught_all = [], any(CATCH_ALL & set(names(h)) for h in s.handlers)
        every = any(h.type is None or "BaseException" in names(h) or "GeneratorExit" in names(h) for h in s.handlers)
        for kind, line, st, name, first in inner:
            catches = s.handlers and (kind in ("error", "raise") or kind == "yield" and every)
            if catches:
                caught.append(st)
            held = every if kind == "yield" else caught_all or name and any(name in names(h) for h in s.handlers)
            if not catches or not held:
                outer.add(kind, line, st, name, first)
        if end is not None:
            end = self.block(s.orelse, end, outer)
        ends = [end]
        self.quiet += 1
        for h in s.handlers if caught else ():
            ends.append(self.block(h.body, join(*caught), outer))
        if s.finalbody:
            for kind, line, st, name, first in outer:
                after = self.block(s.finalbody, st, jumps)
                if after is not None:
                    jumps.add(kind, line, after, name, first)
            ends = [self.block(s.finalbody, join(*ends), jumps)]
        self.quiet -= 1
        return join(*ends)

    s_TryStar = s_Try

    def s_With(self, s, state, jumps, at=0):
        if at == len(s.items):
            return self.block(s.body, state, jumps)
        item, before, state = s.items[at], state, state.copy()
        closing, held = self.enter(item.context_expr, state, s)
        self.done(item.context_expr, before, state, jumps)
        if item.optional_vars is not None:
            self.bind(item.optional_vars, held, state, in_with=True)
        inner, manager = Jumps(), last_name(item.context_expr)
        end = self.s_With(s, state, inner, at + 1)
        if manager in SWALLOW and manager != "suppress":
            end = None  # a test that wants an error
        for kind, line, st, name, first in inner:
            if closing:
                st = st.copy()
                self.close(held, st, s.lineno)
            if kind in ("error", "raise") and manager in SWALLOW:
                end = join(end, st)
                if manager != "suppress" or CATCH_ALL & {last_name(a) for a in item.context_expr.args}:
                    continue
            jumps.add(kind, line, st, name, first)
        if end is not None and closing:
            end = end.copy()
            self.close(held, end, s.lineno)
        return end

    s_AsyncWith = s_With

    def refine(self, test, state, truth):
        """The state where the test came out so; None if it cannot."""
        if state is None:
            return None
        state = state.copy()
        if isinstance(test, ast.Constant):
            return state if bool(test.value) == truth else None
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) == truth:
            for part in test.values:
                state = self.refine(part, state, truth)
            return state
        text, sign, e = test_text(test)
        truth = truth == sign
        if not truth:
            state.drop(state.env.get(tested_name(e), NONE))  # None was never opened
        elif isinstance(e, ast.Compare) and isinstance(e.ops[0], (ast.Is, ast.Eq)):
            self.same(e.left, e.comparators[0], state)
        return state if state.learn((text, truth)) else None

    def same(self, a, b, state):
        """Two names stand for one thing: what only one of them may be was not opened, unless a third name has it."""
        if isinstance(a, ast.Name) and isinstance(b, ast.Name):
            for h in state.env.get(a.id, NONE) ^ state.env.get(b.id, NONE):
                if not any(h in held for name, held in state.env.items() if name not in (a.id, b.id)):
                    state.drop([h])


def tested_name(e):
    """The name that a test asks to be there."""
    if isinstance(e, ast.Name):
        return e.id
    if isinstance(e, ast.NamedExpr):
        return e.target.id
    if isinstance(e, ast.Compare) and isinstance(e.ops[0], ast.In) and last_name(e.comparators[0]) in ("locals", "vars", "globals", "dir"):
        return e.left.value if isinstance(e.left, ast.Constant) else None
    return None


def names(handler):
    """The names of the errors that a handler takes; "" for all."""
    if handler.type is None:
        return [""]
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [last_name(p) for p in parts]


def walk(node):
    """What is below node and evaluated with it."""
    if isinstance(node, FUNCTIONS + (ast.Lambda,)):
        return []
    out = []
    for n in ast.iter_child_nodes(node):
        out.append(n)
        out.extend(walk(n))
    return out


def risky(n):
    """Whether evaluating this node may well be an error."""
    if isinstance(n, ast.Call):
        return last_name(n.func) not in HARMLESS and not (isinstance(n.func, ast.Attribute) and n.func.attr == "close")
    return isinstance(n, (ast.Subscript, ast.Await, ast.BinOp, ast.Assert, ast.Import, ast.ImportFrom))
