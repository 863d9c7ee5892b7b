from pool import Pool

pool = Pool("x", 4)


def rows():
    conn = pool.acquire()
    try:
        with conn:
            return conn.execute("SELECT 1").fetchall()
    finally:
        pool.release(conn)
