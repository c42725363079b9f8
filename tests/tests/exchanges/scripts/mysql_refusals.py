"""Checks that a refusal of the proxy is the one of a server that has no connection left. Arguments: the
password, the port of the server, and that of a proxy before it that refuses two connections."""

import socket
import sys

import pymysql

password, server, proxy = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def connect(port):
    return pymysql.connect(host="127.0.0.1", port=port, user="root", password=password)


def refused(port):
    """Returns the exception with all that it tells, and what a socket gets."""
    try:
        connect(port)
    except pymysql.err.MySQLError as error:
        told = type(error).__name__, error.args, error.sqlstate
    else:
        raise AssertionError(f"port {port} has a connection left")
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        while part := client.recv(4096):
            received += part
    return told, received


# The least that MariaDB allows, and one more for its administrator.
connections = [connect(server)]
with connections[0].cursor() as cursor:
    cursor.execute("SET GLOBAL max_connections = 10")
connections += [connect(server) for _ in range(10)]
by_server = refused(server)
with connections[0].cursor() as cursor:
    cursor.execute("SET GLOBAL max_connections = 100")

# MariaDB has a state for it, 08004, but tells none before it knows what the client understands.
assert by_server[0] == ("OperationalError", (1040, "Too many connections"), None), by_server
by_proxy = refused(proxy)
assert by_proxy == by_server, (by_proxy, by_server)
with connect(proxy).cursor() as cursor:
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
print(by_proxy)
