"""The server of the documents: a web UI over SQLite with the report's own bug."""
import http.server
import json
import sqlite3


def rows(query):
    with sqlite3.connect("state.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


class Handler(http.server.BaseHTTPRequestHandler):
    queries = {
        "/api/sessions": "SELECT * FROM sessions ORDER BY updated DESC",
        "/api/projects": "SELECT project, count(*) AS sessions FROM sessions GROUP BY project",
        "/api/items": "SELECT id FROM sessions",
    }

    def do_GET(self):
        path = self.path.partition("?")[0]
        found = path == "/health" or path in self.queries
        body = json.dumps(rows(self.queries[path]) if path in self.queries else {"found": found}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    database = sqlite3.connect("state.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, title TEXT, project TEXT, updated REAL)")
    database.executemany("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?)",
                         [(i, "session %d" % i, "project %d" % (i % 7), i / 3) for i in range(200)])
    database.commit()
    database.close()
    http.server.ThreadingHTTPServer(("127.0.0.1", 8787), Handler).serve_forever()
