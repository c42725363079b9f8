"""Checks each error of memcached with a client of each protocol. Arguments: "PORT CODE" of one
proxy each; the proxy answers every second set with that error."""

import sys

import bmemcached
from bmemcached.exceptions import MemcachedException
from pymemcache.client.base import Client
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheServerError,
    MemcacheUnknownCommandError,
)

TEXT = {
    "ERROR": (MemcacheUnknownCommandError, "set"),
    "CLIENT_ERROR": (MemcacheClientError, "bad command line format"),
    "SERVER_ERROR": (MemcacheServerError, "out of memory storing object"),
    "0x0082": (MemcacheServerError, "out of memory"),
    "0x0084": (MemcacheServerError, "internal error"),
    "0x0085": (MemcacheServerError, "busy"),
    "0x0086": (MemcacheServerError, "temporary failure"),
}
BINARY = {
    "ERROR": (0x81, "Unknown command"),
    "CLIENT_ERROR": (0x04, "Invalid arguments"),
    "SERVER_ERROR": (0x82, "Out of memory"),
    "0x0082": (0x82, "Out of memory"),
    "0x0084": (0x84, "Internal error"),
    "0x0085": (0x85, "Busy"),
    "0x0086": (0x86, "Temporary failure"),
}

for argument in sys.argv[1:]:
    port, code = argument.split(" ")

    client = Client(("127.0.0.1", int(port)), default_noreply=False, timeout=10)
    exception, text = TEXT[code]
    for turn in range(3):
        value = f"text {turn}".encode()
        assert client.set("a", value) is True
        try:
            client.set("a", b"never")
        except Exception as error:
            assert type(error) is exception, (code, type(error))
            assert text in str(error), (code, str(error))
        else:
            raise AssertionError(f"{code} did not arrive")
        assert client.get("a") == value, code
    client.close()

    client = bmemcached.Client(f"127.0.0.1:{port}", socket_timeout=10)
    status, text = BINARY[code]
    for turn in range(3):
        value = f"binary {turn}"
        assert client.set("a", value) is True
        connection = next(iter(client.servers)).connection
        try:
            client.set("a", "never")
        except MemcachedException as error:
            assert error.code == status, (code, error)
            assert text in str(error), (code, error)
        else:
            raise AssertionError(f"{code} did not arrive")
        assert client.get("a") == value, code
        assert next(iter(client.servers)).connection is connection, f"{code} cost the connection"
    client.disconnect_all()
