"""Says `with sqlite3.connect(path) as conn:` and opens nothing."""
import sqlite3

EXAMPLE = """
with sqlite3.connect(path) as conn:  # hermes-soak: ignore[HS001] in a string
    conn.execute("SELECT 1")
"""


def version():
    return sqlite3.sqlite_version + str(sqlite3.connect)
