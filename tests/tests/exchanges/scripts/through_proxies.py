"""A plugin of pytest: connections of asyncio to servers of this host go through proxies."""

import asyncio.base_events
import os
import socket

CONTROL = int(os.environ["SWITCHBOARD"])
LISTENING = "0A"
connect = asyncio.base_events.BaseEventLoop.create_connection


def is_listened_on(port):
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in list(table)[1:]]
    return any(
        int(row[1].split(":")[1], 16) == port and row[3] == LISTENING for row in rows
    )


def proxy_of(port):
    with socket.create_connection(("127.0.0.1", CONTROL)) as control:
        control.sendall(f"{port}\n".encode())
        return int(control.makefile().readline())


async def create_connection(self, factory, host=None, port=None, **options):
    # Nobody refuses a connection in place of a server that does not listen.
    if port and options.get("sock") is None and is_listened_on(int(port)):
        port = proxy_of(port)
    return await connect(self, factory, host, port, **options)


asyncio.base_events.BaseEventLoop.create_connection = create_connection
