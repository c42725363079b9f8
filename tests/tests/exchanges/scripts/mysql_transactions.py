"""Behind a deadlock the server has rolled back; behind a lock wait it has not."""

import sys

import pymysql

port, password = int(sys.argv[1]), sys.argv[2]
connection = pymysql.connect(
    host="127.0.0.1", port=port, user="root", password=password, database="test"
)
cursor = connection.cursor()
cursor.execute("CREATE TABLE a (n INT) ENGINE=InnoDB")
for code, left in [(1213, 0), (1205, 1)]:
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO a VALUES (1)")
    try:
        cursor.execute(f"SELECT 'fail {code}'")
        raise AssertionError(f"no error {code}")
    except pymysql.err.OperationalError as error:
        assert error.args[0] == code, error
    # This commits what is left of the transaction.
    cursor.execute("BEGIN")
    cursor.execute("SELECT COUNT(*) FROM a")
    assert cursor.fetchone() == (left,), code
    connection.commit()
