"""A thousand mixed calls on one connection, of which some get an error of the proxy."""

import json
import random
import sys

import pymysql

FAULTS = [(1205, "HY000"), (1213, "40001"), (1290, "HY000"), (1317, "70100")]

port, password = int(sys.argv[1]), sys.argv[2]
connection = pymysql.connect(
    host="127.0.0.1", port=port, user="root", password=password, database="test", autocommit=True
)
cursor = connection.cursor()
cursor.execute("CREATE TABLE t (n INT)")
chance = random.Random(7)
errors, rows = {}, 0


def query(text):
    cursor.execute(text)
    return cursor.fetchall()


for number in range(1000):
    call = chance.randrange(9)
    if call < 4:
        code, state = FAULTS[call]
        try:
            query(f"SELECT 'fail {code}'")
        except pymysql.err.MySQLError as error:
            assert isinstance(error, pymysql.err.OperationalError), repr(error)
            assert (error.args[0], error.sqlstate) == (code, state), error
            errors[code] = errors.get(code, 0) + 1
        else:
            raise AssertionError(f"no error {code}")
        assert query(f"SELECT {number}") == ((number,),)
    elif call == 4:
        connection.ping(reconnect=False)
    elif call == 5:
        connection.select_db("test")
    elif call == 6:
        rows += cursor.execute("INSERT INTO t VALUES (%s), (%s)", (number, number))
    elif call == 7:
        assert query("SELECT COUNT(*) FROM t") == ((rows,),)
    else:
        try:
            query("SELECT nothing")
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 1054, error
print(json.dumps(errors))
