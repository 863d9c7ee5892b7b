import sqlite3

from planted.stars.star_sql import *
from planted.stars.star_use import *


def star_open(path):
    return sqlite3.connect(path)


STAR_CONNECT = sqlite3.connect
