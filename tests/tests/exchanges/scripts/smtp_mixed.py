"""A thousand mixed calls on one connection, of which some get an error of the proxy."""

import asyncio
import json
import random
import sys

import aiosmtplib

BODY = "Subject: %d\r\n\r\n.\r\n..\r\n.x\r\nDATA\r\nQUIT\r\n"


async def main(port):
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
    await client.connect()
    assert not client.supports_extension("starttls")
    chance = random.Random(7)
    errors, sent = {}, 0

    async def expect(kind, code, call):
        try:
            await call
        except kind as error:
            told = error.recipients[0] if kind is aiosmtplib.SMTPRecipientsRefused else error
            assert told.code == code, repr(error)
            errors[code] = errors.get(code, 0) + 1
        else:
            raise AssertionError(f"no error {code}")
        assert (await client.noop()).code == 250

    for number in range(1000):
        call = chance.randrange(8)
        mail = BODY % number
        if call == 0:
            code = chance.choice([450, 451, 452, 550, 552, 554])
            sender = f"fail{code}@example.org"
            refused = aiosmtplib.SMTPSenderRefused
            await expect(refused, code, client.sendmail(sender, "b@example.org", mail))
        elif call == 1:
            code = chance.choice([450, 550])
            recipient = f"fail{code}@example.org"
            refused = aiosmtplib.SMTPRecipientsRefused
            await expect(refused, code, client.sendmail("a@example.org", recipient, mail))
        elif call == 2:
            await expect(aiosmtplib.SMTPResponseException, 452, client.vrfy("b@example.org"))
        elif call == 3:
            assert (await client.noop()).code == 250
        elif call == 4:
            assert (await client.rset()).code == 250
        else:
            # Every third message that gets so far is refused behind its end.
            try:
                await client.sendmail("a@example.org", ["b@example.org", "c@example.org"], mail)
                sent += 1
            except aiosmtplib.SMTPDataError as error:
                assert error.code == 451, repr(error)
                errors["after DATA"] = errors.get("after DATA", 0) + 1
                assert (await client.noop()).code == 250
    await client.quit()
    print(json.dumps({"errors": errors, "sent": sent}))


asyncio.run(main(int(sys.argv[1])))
