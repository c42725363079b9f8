"""Replies of many kinds, which must be as they are on a direct connection."""

import sys
import tempfile

import pymysql
from pymysql.constants import CLIENT

port, password = int(sys.argv[1]), sys.argv[2]
connection = pymysql.connect(
    host="127.0.0.1",
    port=port,
    user="root",
    password=password,
    database="test",
    local_infile=True,
    autocommit=True,
    max_allowed_packet=64 << 20,
    client_flag=CLIENT.MULTI_STATEMENTS,
)
cursor = connection.cursor()
cursor.execute("DROP TABLE IF EXISTS b")
cursor.execute("CREATE TABLE b (n INT, t LONGBLOB)")
with tempfile.NamedTemporaryFile() as file:
    file.write(b"".join(b"%d\tx\n" % number for number in range(50_000)))
    file.flush()
    cursor.execute(f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE b")
cursor.execute("SELECT COUNT(*), SUM(n) FROM b; SELECT 2; SET @a = 1; SELECT @a")
results = [cursor.fetchall()]
while cursor.nextset():
    results.append(cursor.fetchall())
assert results == [((50_000, 1_249_975_000),), ((2,),), [], ((1,),)], results
for size in [(1 << 24) - 100, (1 << 24) - 1, 1 << 24, (1 << 24) + 3]:
    if size > int(sys.argv[3]):
        break
    cursor.execute("DELETE FROM b")
    cursor.execute("INSERT INTO b VALUES (1, %s)", (b"x" * size,))
    cursor.execute("SELECT LENGTH(t), t FROM b")
    length, text = cursor.fetchone()
    assert length == size == len(text) == text.count(b"x"), size
cursor.execute("DELETE FROM b")
cursor.execute("SELECT * FROM b")
assert not cursor.fetchall()
