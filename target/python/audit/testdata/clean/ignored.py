import sqlite3


def tool(path):
    conn = sqlite3.connect(path)  # hermes-soak: ignore[HS002] a tool that ends here
    conn.execute("SELECT 1")


def wide(path):
    with sqlite3.connect(
            path,
            timeout=3,  # hermes-soak: ignore[HS001] a tool that ends here
    ) as conn:
        conn.execute("SELECT 1")
