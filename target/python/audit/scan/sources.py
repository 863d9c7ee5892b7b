"""Finds the Python files of a folder and reads them. Nothing is imported."""
import ast
import errno
import io
import os
import re
import stat
import tokenize
import warnings

SKIPPED = {b".git", b".hg", b".svn", b"venv", b".venv", b"node_modules", b"__pycache__", b"site-packages", b".tox", b".nox"}
LARGEST = 2 << 20  # bytes of one file; the largest of the standard library has a third of it
SHEBANG = re.compile(rb"#![^\n]*python")
PYTHON2 = re.compile(
    rb"""\A\#![^\n]*python2
    | ^[ \t]*print[ \t]+["'\w%]
    | ^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:
    | ^[ \t]*raise[ \t]+[\w.]+[ \t]*,
    | ^[ \t]*exec[ \t]+["'\w]
    | \b0[0-7]+L?\b.*chmod | <> | \bur["'] """, re.M | re.X)


class Note:
    """What was not read, and why. unread: there may be code behind it."""

    def __init__(self, path, text, unread, line=0):
        self.path, self.text, self.unread, self.line = path, text, unread, line


class Source:
    """One file that was parsed."""

    def __init__(self, path, data, tree):
        self.path, self.data, self.tree = path, data, tree


class Sources:
    def __init__(self, root):
        self.root = os.fsencode(root)
        self.notes = []
        self.seen = set()
        self.lines = self.files = 0

    def note(self, path, text, unread, line=0):
        self.notes.append(Note(path, text, unread, line))

    def __iter__(self):
        """The files that could be parsed, sorted by path."""
        for path in self.walk():
            source = self.read(path)
            if source is not None:
                yield source

    def walk(self):
        folders = [b""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(os.path.join(self.root, folder)) as entries:
                    entries = sorted(entries, key=lambda e: e.name)
            except OSError as e:
                self.note(folder or b".", "cannot list this folder: " + reason(e), True)
                continue
            below = []
            for e in entries:
                path = os.path.join(folder, e.name)
                try:
                    is_folder = e.is_dir()
                    linked = e.is_symlink()
                except OSError as x:
                    self.note(path, reason(x), x.errno != errno.ELOOP)
                    continue
                if is_folder and linked:
                    self.note(path, "a link to a folder, not followed", False)
                elif is_folder and e.name not in SKIPPED:
                    below.append(path)
                elif not is_folder and self.wanted(e.name, path):
                    yield path
            folders.extend(reversed(below))

    def wanted(self, name, path):
        """Whether the file is Python, and was not read under another name."""
        ext = os.path.splitext(name)[1]
        if ext not in (b".py", b".pyw", b""):
            return False
        try:
            info = os.stat(os.path.join(self.root, path))
        except OSError as e:
            if ext:
                self.note(path, reason(e), e.errno not in (errno.ELOOP, errno.ENOENT))
            return False
        if not stat.S_ISREG(info.st_mode):
            if ext:
                self.note(path, "not a regular file", False)
            return False
        if not ext and not self.shebang(path):
            return False
        if info.st_ino and (info.st_dev, info.st_ino) in self.seen:
            return False
        self.seen.add((info.st_dev, info.st_ino))
        return True

    def shebang(self, path):
        try:
            with open(os.path.join(self.root, path), "rb") as f:
                return SHEBANG.match(f.read(128)) is not None
        except OSError:
            return False  # nothing says that it is Python

    def read(self, path):
        try:
            with open(os.path.join(self.root, path), "rb") as f:
                data = f.read(LARGEST + 1)
        except OSError as e:
            self.note(path, reason(e), True)
            return None
        if len(data) > LARGEST:
            self.note(path, "larger than %d MiB, not read" % (LARGEST >> 20), True)
            return None
        tree = self.parse(path, data)
        if tree is None:
            return None
        self.files += 1
        self.lines += data.count(b"\n")
        return Source(path, data, tree)

    def again(self, path, data):
        """A file whose tree was dropped."""
        return Source(path, data, ast.parse(data))

    def parse(self, path, data):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(data)
        except SyntaxError as e:
            if PYTHON2.search(data):
                self.note(path, "Python 2, which python3 cannot run", False, e.lineno or 0)
            else:
                self.note(path, "cannot be parsed: " + str(e.msg), True, e.lineno or 0)
        except (RecursionError, MemoryError):
            self.note(path, "nested too deeply", True)
        except (ValueError, LookupError) as e:  # NUL bytes, an unknown encoding
            self.note(path, "cannot be parsed: " + str(e), True)
        return None


def reason(e):
    return e.strerror or str(e)


def comments(data):
    """The comments of a file: (line, text)."""
    try:
        for t in tokenize.tokenize(io.BytesIO(data).readline):
            if t.type == tokenize.COMMENT:
                yield t.start[0], t.string
    except (tokenize.TokenError, SyntaxError):
        return  # it was parsed, so this is the end of an odd last line
