"""Checks each error of MySQL with PyMySQL. Arguments: the password, then "PORT NUMBER/STATE TEXT" of one
proxy each; the proxy refuses its first connection with that error, and answers each SELECT 'fail' with
it."""

import sys

import pymysql
from pymysql.err import MySQLError, OperationalError

# Behind these a server closes the connection.
CLOSING = ("1053", "1927")

# What PyMySQL says of a connection that was closed.
LOST = (2006, 2013)


def connect(port):
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", password=sys.argv[1], database="test"
    )


def query(connection, text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def caught(call, *arguments):
    try:
        call(*arguments)
    except MySQLError as error:
        assert type(error) is OperationalError, repr(error)
        return error
    raise AssertionError(f"{call} with {arguments} did not fail")


for argument in sys.argv[2:]:
    port, code, text = argument.split(" ", 2)
    number, state = code.split("/")
    fault = (int(number), text), state

    error = caught(connect, int(port))
    # No server tells a state before it knows what the client understands.
    assert (error.args, error.sqlstate) == (fault[0], None), (code, error)
    connection = connect(int(port))
    for turn in range(3):
        error = caught(query, connection, "SELECT 'fail'")
        assert (error.args, error.sqlstate) == fault, (code, error)
        if number in CLOSING:
            error = caught(query, connection, "SELECT 1")
            assert error.args[0] in LOST, (code, error)
            connection = connect(int(port))
        assert query(connection, f"SELECT {turn}") == ((turn,),), code
    connection.close()
