"""Follows the connections of one function: expressions and calls."""
import ast

from modules import OPENERS, Class, Func, Moved, is_memory, last_name
from owners import Owners
from state import LENT, NONE

# READERS take a connection and leave it with the caller.
READERS = {"isinstance", "print", "len", "id", "repr", "str", "bool", "type", "hasattr", "getattr", "setattr", "iter", "next", "any", "all", "vars", "dir",
           "read_sql", "read_sql_query", "read_sql_table", "to_sql", "debug", "info", "warning", "error", "exception", "assertIs", "assertIsNot",
           "assertTrue", "assertFalse", "assertEqual", "assertIsNone", "assertIsNotNone", "assertIsInstance", "assertRaises"}
ELSEWHERE = {"to_thread", "run_in_executor", "run_sync"}  # run a function that they are given


class Calls(Owners):
    # Expressions: each gives the connections that its value may be.

    def value(self, e, state):
        run = getattr(self, "v_" + type(e).__name__, None)
        if run is not None:
            return run(e, state)
        self.value_of_children(e, state)
        return NONE

    def value_of_children(self, e, state):
        for child in ast.iter_child_nodes(e):
            self.value(child, state)

    def v_Name(self, e, state):
        return state.env.get(e.id, NONE)

    def v_Constant(self, e, state):
        return NONE

    def v_NamedExpr(self, e, state):
        value = self.value(e.value, state)
        self.bind(e.target, value, state)
        return value

    def v_IfExp(self, e, state):
        self.value(e.test, state)
        return self.value_if(e.test, True, e.body, state) | self.value_if(e.test, False, e.orelse, state)

    def v_BoolOp(self, e, state):
        out = self.value(e.values[0], state)
        for before, v in zip(e.values, e.values[1:]):
            out |= self.value_if(before, isinstance(e.op, ast.And), v, state)
        return out

    def value_if(self, test, truth, part, state):
        """The value of what is only evaluated where the test comes out so."""
        way = self.refine(test, state, truth) or state.copy()
        before = set(way.open)
        value = self.value(part, way)
        for h in before - set(way.open):
            state.open.pop(h, None)
        for h in set(way.open) - before:
            state.open[h] = way.open[h]
        return value

    def v_Await(self, e, state):
        return self.value(e.value, state)

    v_Starred = v_Await

    def v_Tuple(self, e, state):
        values = [self.value(v, state) for v in e.elts]
        self.again.update({id(v): held for v, held in zip(e.elts, values)})
        return frozenset().union(*values)

    v_List = v_Set = v_Tuple

    def v_Dict(self, e, state):
        for k in e.keys:
            if k is not None:
                self.value(k, state)
        return frozenset().union(*[self.value(v, state) for v in e.values])

    def v_Lambda(self, e, state):
        for n in ast.walk(e.body):
            if isinstance(n, ast.Name):
                self.hand(state.env.get(n.id, NONE), state)
        return NONE

    def v_ListComp(self, e, state):
        before = dict(state.env)
        for g in e.generators:
            items = self.value(g.iter, state)
            for n in ast.walk(g.target):
                if isinstance(n, ast.Name):
                    state.env[n.id] = items
            for test in g.ifs:
                self.value(test, state)
        parts = [e.key, e.value] if isinstance(e, ast.DictComp) else [e.elt]
        out = frozenset().union(*[self.value(p, state) for p in parts])
        state.env = before
        return out

    v_SetComp = v_GeneratorExp = v_DictComp = v_ListComp

    def v_Yield(self, e, state):
        value = self.value(e.value, state) if e.value is not None else NONE
        if self.func is not None and not self.func.manager:
            for h in value:
                h.yielded = True
            if self.fixture:
                self.hand(value, state)
        return NONE

    def v_Attribute(self, e, state):
        base = self.value(e.value, state)
        if e.attr in ("close", "__exit__"):
            self.hand(base, state)  # somebody calls it later
        target = self.resolve(e) if isinstance(e.value, ast.Name) and e.value.id == "self" else None
        if isinstance(target, Func) and target.fresh is not None and "property" in target.decorators:
            return self.open(e, "self." + e.attr, state)
        return NONE

    # Calls.

    def v_Call(self, e, state):
        target, base = self.resolve(e.func), NONE
        if isinstance(target, str) and target in OPENERS:
            return self.v_open(e, target, state)
        if isinstance(e.func, ast.Attribute):
            base = self.value(e.func.value, state)
            if e.func.attr == "__enter__":
                return base
            if base and e.func.attr in ("close", "aclose"):
                self.close(base, state, e.lineno)
                return NONE
            if self.module.cursors and self.closed_by_cursor(e):
                self.hand([h for h in base if h.param is None], state)
        else:
            self.value(e.func, state)
        args = [(i, self.value(a, state), a) for i, a in enumerate(e.args)] + [(k.arg, self.value(k.value, state), k.value) for k in e.keywords]
        if last_name(e.func) in ELSEWHERE:
            opener = [a for a in e.args if self.resolve(a) in OPENERS]
            if opener:
                return self.open(e, "sqlite3.connect", state)
        if isinstance(target, Class) and self.project.is_connection(target):
            memory = self.in_memory(e) or self.memory_class(target)
            return NONE if memory else self.open(e, target.name, state, self.project.exit_closes(target))
        if last_name(e.func) == "enter_context" and args and args[0][1] and not isinstance(e.args[0], ast.Name):
            return self.v_enter_context(args[0][1], state)
        if isinstance(target, Moved):
            self.hand([h for _, held, _ in args for h in held], state)
            return self.v_known(e, target.func, [], state)
        if isinstance(target, Func):
            return self.v_known(e, target, args, state)
        if all(h.param is not None for h in base):
            self.v_unknown(e, args, state)
        return NONE

    def closed_by_cursor(self, e):
        """Whether the call gives a cursor by which some code here may close the connection."""
        s = self.statement
        if getattr(s, "value", None) is not e:
            return False
        if isinstance(s, ast.Assign):
            return any(last_name(t) in self.module.cursors for t in s.targets)
        return isinstance(s, ast.Return) and e.func.attr == "cursor"

    def v_open(self, e, target, state):
        for a in e.args + [k.value for k in e.keywords]:
            self.value(a, state)
        if self.in_memory(e):
            return NONE
        factory = [self.resolve(k.value) for k in e.keywords if k.arg == "factory"]
        known = factory and isinstance(factory[0], Class)
        return self.open(e, target, state, bool(factory) and (not known or self.project.exit_closes(factory[0])))

    def v_enter_context(self, held, state):
        for h in held:
            if h.exit_closes:
                self.hand([h], state)
            else:
                h.in_with = True
        return held

    def v_known(self, e, f, args, state):
        """A function of the folder: what it does with its parameters is known."""
        shift = 1 if f.bound and isinstance(e.func, ast.Attribute) else 0
        out = NONE
        for at, held, _ in args:
            if not held:
                continue
            index = at + shift if isinstance(at, int) else f.params.index(at) if at in f.params else -1
            if index in f.closes:
                self.close(held, state, e.lineno)
            elif index < 0 or index >= len(f.params) or index in f.keeps:
                self.hand(held, state)
            elif index in f.returns:
                out |= held
        if f.fresh is not None and "property" not in f.decorators:
            opened = self.open(e, f.name, state)
            for h in opened:
                h.index = f.fresh if isinstance(f.fresh, int) else None
            out |= opened
        return out

    def v_unknown(self, e, args, state):
        name = last_name(e.func)
        if name in READERS:
            return
        held = frozenset().union(*[held for _, held, _ in args])
        if held and isinstance(e.func, ast.Attribute) and self.project.harmless(name):
            if any(h.param is not None for h in held):
                self.passes.add(name)
        elif self.given(e.func):
            self.hand([h for h in held if h.param is not None], state)
            for h in held & set(state.open):
                state.open[h] |= {LENT}
        else:
            self.hand(held, state)

    def given(self, e):
        """Whether a called function is a parameter of this one, or of one around it."""
        f = self.func
        while f is not None and isinstance(e, ast.Name) and e.id not in f.locals:
            f = f.parent
        return f is not None and isinstance(e, ast.Name) and e.id in f.keywords

    def enter(self, e, state, statement):
        """The head of a with: whether leaving it closes, and which connections."""
        if isinstance(e, ast.Call) and last_name(e.func) in ("closing", "aclosing") and e.args:
            return True, self.value(e.args[0], state)
        held = self.value(e, state)
        closing = bool(held) and all(h.exit_closes for h in held)
        for h in held:
            if h.node is e and not h.exit_closes:
                h.in_with, h.header = True, statement
        return closing, held

    def in_memory(self, e):
        """Whether the call opens a database in memory, which has no file."""
        name = next((k.value for k in e.keywords if k.arg in ("database", "filename")), e.args[0] if e.args else None)
        return self.project.in_memory(name, self.module, self.func)

    def memory_class(self, cls):
        """Whether a class of connections opens itself in memory."""
        init = self.project.method(cls, "__init__")
        return init is not None and any(
            isinstance(n, ast.Call) and last_name(n.func) == "__init__" and any(is_memory(a) for a in n.args) for n in init.own)
