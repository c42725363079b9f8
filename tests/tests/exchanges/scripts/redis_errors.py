"""Checks each error of redis with redis-py. Arguments: "PORT CODE TEXT" of one proxy each; the
proxy answers every second SET with that error."""

import sys

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

EXCEPTIONS = {
    "LOADING": exceptions.BusyLoadingError,
    "OOM": exceptions.OutOfMemoryError,
    "READONLY": exceptions.ReadOnlyError,
    "MASTERDOWN": exceptions.MasterDownError,
    "NOAUTH": exceptions.AuthenticationError,
    "NOSCRIPT": exceptions.NoScriptError,
    "CLUSTERDOWN": exceptions.ClusterDownError,
    "TRYAGAIN": exceptions.TryAgainError,
    "CROSSSLOT": exceptions.ClusterCrossSlotError,
    "MOVED": exceptions.MovedError,
    "ASK": exceptions.AskError,
}

# The client itself closes the connection behind these.
CLOSING = (exceptions.ConnectionError,)

for argument in sys.argv[1:]:
    port, code, text = argument.split(" ", 2)
    for protocol in (2, 3):
        client = redis.Redis(
            port=int(port),
            protocol=protocol,
            single_connection_client=True,
            retry=Retry(NoBackoff(), 0),
        )
        number = client.client_id()
        for turn in range(3):
            value = f"{protocol} {turn}"
            assert client.set("a", value) is True
            try:
                client.set("a", "never")
            except exceptions.RedisError as error:
                wanted = EXCEPTIONS.get(code, exceptions.ResponseError)
                assert type(error) is wanted, (code, type(error))
                if code in ("MOVED", "ASK"):
                    assert (error.slot_id, error.host, error.port) == (3999, "127.0.0.1", 6381)
                else:
                    assert text in str(error), (code, str(error))
            else:
                raise AssertionError(f"{code} did not arrive")
            assert client.get("a") == value.encode(), code
            if not isinstance(error_class := EXCEPTIONS.get(code, exceptions.ResponseError), type):
                raise AssertionError(error_class)
            if not issubclass(error_class, CLOSING):
                assert client.client_id() == number, f"{code} cost the connection"
        client.close()
