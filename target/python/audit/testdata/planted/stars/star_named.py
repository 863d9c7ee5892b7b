from .star_common import STAR_CONNECT as open_it


def rows(path):
    c = open_it(path)  # want HS002
    c.execute("SELECT 1")
