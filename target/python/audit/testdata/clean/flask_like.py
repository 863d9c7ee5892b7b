import sqlite3

from flask import Flask, g

app = Flask(__name__)


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect("x")
        g.db.row_factory = sqlite3.Row
    return g.db


def get_other():
    db = getattr(g, "_other", None)
    if db is None:
        db = g._other = sqlite3.connect("y")
    return db


@app.teardown_appcontext
def shut(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.route("/")
def index():
    with get_db() as db:
        return str(db.execute("SELECT 1").fetchone())


@app.route("/other")
def other():
    return str(get_other().execute("SELECT 1").fetchone())
