"""Comments that take findings back: # hermes-soak: ignore[HS001] reason"""
import re

from sources import Note, comments

IGNORE = re.compile(r"#\s*hermes-soak:\s*ignore\b(?:\[([^\]]*)\])?[ \t]*(.*)")


def apply(findings, sources, rules):
    """The findings that no comment takes back, those that one does, and notes on comments that do nothing."""
    left, taken, notes = list(findings), [], []
    for path, data in sources:
        if b"hermes-soak:" not in data:
            continue
        for line, text in comments(data):
            m = IGNORE.search(text)
            if m is None:
                continue
            ids = [i.strip() for i in (m.group(1) or "").split(",") if i.strip()]
            unknown = [i for i in ids if i not in rules]
            if not ids:
                notes.append(Note(path, "ignore names no rule, as in ignore[HS001], and does nothing", False, line))
            elif not m.group(2).strip():
                notes.append(Note(path, "ignore[%s] gives no reason behind it, and does nothing" % ",".join(ids), False, line))
            else:
                for i in ids:
                    hit = [f for f in left if f.path == path and f.rule == i and f.first <= line <= f.last]
                    left = [f for f in left if f not in hit]
                    taken += hit
                    if not hit:
                        kind = "there is no rule %s" % i if i in unknown else "ignore[%s] is not needed here: take it away" % i
                        notes.append(Note(path, kind, False, line))
    return left, taken, notes
