# -*- coding: latin-1 -*-
import sqlite3


def größe(path):
    with sqlite3.connect(path) as conn:  # want HS001
        return conn.execute("SELECT 'ä'").fetchall()
