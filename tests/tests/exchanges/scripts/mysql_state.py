"""Checks that PyMySQL sees number and SQLSTATE of a refusal, and that its next connection works.
Arguments: the password, and the port of a proxy that refuses one connection."""

import sys

import pymysql

password, port = sys.argv[1], int(sys.argv[2])


def connect():
    return pymysql.connect(host="127.0.0.1", port=port, user="root", password=password)


try:
    connect()
except pymysql.err.OperationalError as error:
    assert error.args == (1040, "Too many connections"), error.args
    assert error.sqlstate == "08004", error.sqlstate
else:
    raise AssertionError("nothing was refused")
with connect().cursor() as cursor:
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
