import apsw


def rows(path):
    with apsw.Connection(path) as conn:  # want HS001
        return list(conn.cursor().execute("SELECT 1"))


def never(path):
    conn = apsw.Connection(path)  # want HS002
    return list(conn.cursor().execute("SELECT 1"))
