from .db import open_db
