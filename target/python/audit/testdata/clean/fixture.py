import sqlite3

import pytest


@pytest.fixture
def conn(tmp_path):
    conn = sqlite3.connect(tmp_path / "x.db")
    yield conn
    conn.close()


@pytest.fixture
def handed(tmp_path, request):
    c = sqlite3.connect(tmp_path / "y.db")
    request.addfinalizer(c.close)
    return c


@pytest.fixture(scope="session")
def raw(tmp_path):
    yield sqlite3.connect(tmp_path / "z.db")


def test_it(conn, raw):
    with conn:
        conn.execute("SELECT 1")
