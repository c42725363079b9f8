"""Sends pipelines of 100 commands and a mail behind each. Argument: the port of the proxy, which
answers some of the commands with an error. Prints how many errors there were."""

import random
import socket
import sys

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
replies = connection.makefile("rb")


def code():
    """Reads a reply, which may have several lines."""
    while True:
        line = replies.readline()
        if line[3:4] != b"-":
            return int(line[:3])


GROUPS = [
    [("NOOP", 250)],
    [("VRFY b@example.org", 452)],
    # The server never saw the sender.
    [("RSET", 250), ("MAIL FROM:<fail451@example.org>", 451), ("RCPT TO:<b@example.org>", 503)],
    [
        ("RSET", 250),
        ("MAIL FROM:<a@example.org>", 250),
        ("RCPT TO:<fail550@example.org>", 550),
        ("RCPT TO:<c@example.org>", 250),
    ],
]
MAIL = [
    ("RSET", 250),
    ("MAIL FROM:<a@example.org>", 250),
    ("RCPT TO:<fail550@example.org>", 550),
    ("RCPT TO:<b@example.org>", 250),
    ("DATA", 354),
]
OF_THE_PROXY = {451, 452, 550}

chance = random.Random(7)
errors = 0
assert code() == 220
connection.sendall(b"EHLO client.example.org\r\n")
assert code() == 250
for turn in range(10):
    pipeline = []
    while len(pipeline) < 100 - len(MAIL):
        pipeline += chance.choice(GROUPS)
    pipeline = pipeline[: 100 - len(MAIL)] + MAIL
    connection.sendall("".join(f"{command}\r\n" for command, _ in pipeline).encode())
    for place, (command, wanted) in enumerate(pipeline):
        found = code()
        assert found == wanted, (turn, place, command, found)
        errors += found in OF_THE_PROXY
    connection.sendall(b"Subject: %d\r\n\r\nMAIL FROM:<fail451@example.org>\r\n.\r\n" % turn)
    assert code() == 250
connection.sendall(b"QUIT\r\n")
assert code() == 221
print(errors)
