"""Holds a SQLite database the way another process would: BEGIN IMMEDIATE, for some seconds, then let go.

usage: hold_database.py DATABASE SECONDS
Prints "held" once the lock is taken.
"""

import sqlite3
import sys
import time


def main() -> int:
    path, seconds = sys.argv[1], float(sys.argv[2])
    database = sqlite3.connect(path, isolation_level=None, timeout=30)
    database.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    time.sleep(seconds)
    database.execute("ROLLBACK")
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
