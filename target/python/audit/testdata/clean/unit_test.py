import sqlite3
import unittest


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.tested = sqlite3.connect("x")
        self.addCleanup(self.tested.close)
        self.second = sqlite3.connect("y")

    def tearDown(self):
        self.second.close()

    def test_error(self):
        conn = sqlite3.connect("x")
        self.addCleanup(conn.close)
        with self.assertRaises(sqlite3.OperationalError):
            conn.execute("bad")

    def test_no_database(self):
        with self.assertRaises(sqlite3.OperationalError):
            sqlite3.connect("/nowhere/x.db")
