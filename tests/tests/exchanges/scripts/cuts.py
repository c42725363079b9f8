"""How clients tell that a reply breaks off in its middle, and that they go on with a new connection.
Arguments: a password, and the ports of redis, memcached and MariaDB, each behind a proxy that ends a
connection when so many bytes of replies have passed that a large value does not fit."""

import sys

import pymemcache
import pymysql
import redis
from pymemcache.exceptions import MemcacheUnexpectedCloseError
from redis.backoff import NoBackoff
from redis.retry import Retry

LARGE = "x" * 200_000

password = sys.argv[1]
at_redis, at_memcached, at_mariadb = (int(port) for port in sys.argv[2:])


def breaks_off(exception, call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        assert type(error) is exception, repr(error)
        return error
    raise AssertionError(f"all of the reply to {call} has come")


once = Retry(NoBackoff(), 0)
client = redis.Redis(port=at_redis, single_connection_client=True, retry=once)
assert client.set("large", LARGE) and client.set("small", "y")
error = breaks_off(redis.exceptions.ConnectionError, client.get, "large")
print(f"redis-py: {error!r}")
assert client.get("small") == b"y"

client = pymemcache.Client(("127.0.0.1", at_memcached), default_noreply=False, timeout=10)
assert client.set("large", LARGE) and client.set("small", "y")
error = breaks_off(MemcacheUnexpectedCloseError, client.get, "large")
print(f"pymemcache: {error!r}")
assert client.get("small") == b"y"


def query(connection, text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def connect():
    return pymysql.connect(host="127.0.0.1", port=at_mariadb, user="root", password=password)


connection = connect()
assert query(connection, "SELECT 'y'") == (("y",),)
large = f"SELECT REPEAT('x', {len(LARGE)})"
error = breaks_off(pymysql.err.OperationalError, query, connection, large)
print(f"PyMySQL: {error!r}")
assert error.args[0] == 2013, error
assert query(connect(), "SELECT 'y'") == (("y",),)
