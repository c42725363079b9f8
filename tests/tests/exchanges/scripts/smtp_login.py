"""Logs in at a mail server, which this script starts itself. Arguments: the port for that server, then
"PORT CODE" of one proxy each, which answers the first AUTH with that error."""

import asyncio
import sys

import aiosmtplib
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult


async def main(arguments):
    for argument in arguments:
        port, code = (int(part) for part in argument.split(" "))
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        await client.connect()
        try:
            await client.login("user", "password")
        except aiosmtplib.SMTPAuthenticationError as error:
            assert error.code == code, repr(error)
        else:
            raise AssertionError(f"no error {code}")
        assert (await client.login("user", "password")).code == 235
        await client.quit()


server = Controller(
    Sink(),
    hostname="127.0.0.1",
    port=int(sys.argv[1]),
    auth_require_tls=False,
    authenticator=lambda *_: AuthResult(success=True),
    # The client tries each of these.
    auth_exclude_mechanism=["LOGIN"],
)
server.start()
try:
    asyncio.run(main(sys.argv[2:]))
finally:
    server.stop()
