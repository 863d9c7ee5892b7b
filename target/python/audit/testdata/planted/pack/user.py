from . import open_db
from .db import Factory
from .db import open_db as direct
from pack import db


def by_package(path):
    with open_db(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_module(path):
    with direct(path) as conn:  # want HS001
        conn.execute("SELECT 1")


def by_attribute(path):
    conn = db.open_db(path)  # want HS002
    conn.execute("SELECT 1")


def by_class(path):
    with Factory.make(path) as conn:  # want HS001
        conn.execute("SELECT 1")
