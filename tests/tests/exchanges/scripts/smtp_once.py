"""One mail; prints the exception that came of it, its code, and whether a call behind it works."""

import asyncio
import sys

import aiosmtplib


async def main(port):
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
    try:
        await client.connect()
        await client.sendmail("a@example.org", "b@example.org", "Subject: x\r\n\r\nx\r\n")
    except aiosmtplib.SMTPResponseException as error:
        told = f"{type(error).__name__} {error.code}"
    else:
        told = "sent"
    try:
        told += f" {(await client.noop()).code}"
    except aiosmtplib.SMTPServerDisconnected:
        told += " closed"
    print(told, end="")


asyncio.run(main(int(sys.argv[1])))
