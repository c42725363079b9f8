"""Makes 1,000 calls of many kinds with each client and compares each with a model. Arguments: the
port of the proxy, which answers some with an error, the port of the server, and
how many bytes the largest value has."""

import random
import sys

import bmemcached
from bmemcached.exceptions import MemcachedException
from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheServerError

proxy, server, largest = (int(number) for number in sys.argv[1:])
rng = random.Random(6)
direct = Client(("127.0.0.1", server), default_noreply=False)


def fresh():
    return rng.randbytes(rng.choice([0, 1, 10, 1000, largest]))


def text():
    direct.flush_all()
    client = Client(("127.0.0.1", proxy), timeout=10)
    # A call without reply may have been done or not.
    model = {}
    errors = 0
    for _ in range(1000):
        key = f"k{rng.randrange(8)}"
        kind = rng.randrange(9)
        known = model.get(key, {None})
        try:
            if kind == 0:
                value = fresh()
                assert client.set(key, value, noreply=False) is True
                model[key] = {value}
            elif kind == 1:
                value = fresh()
                assert client.set(key, value, noreply=True) is True
                model[key] = known | {value}
            elif kind == 2:
                value = client.get(key)
                assert value in known, key
                model[key] = {value}
            elif kind == 3:
                deleted = client.delete(key, noreply=False)
                assert deleted or None in known
                model[key] = {None}
            elif kind == 4:
                assert client.delete(key, noreply=True) is True
                model[key] = known | {None}
            elif kind == 5:
                found = client.get_many([f"k{index}" for index in range(8)])
                for index in range(8):
                    assert found.get(f"k{index}") in model.get(f"k{index}", {None})
            elif kind == 6:
                value = fresh()
                added = client.add(key, value, noreply=False)
                if added:
                    assert None in known
                    model[key] = {value}
                else:
                    assert known != {None}
                    model[key] = known - {None}
            elif kind == 7:
                value, token = client.gets(key)
                assert value in known
                model[key] = {value}
                if value is not None:
                    assert client.cas(key, b"swapped", token, noreply=False) is True
                    model[key] = {b"swapped"}
            else:
                assert b"version" in client.stats() and client.version()
                assert client.touch(key, 0, noreply=False) in (True, False)
        except MemcacheServerError as error:
            assert str(error) == "b'out of memory storing object'", str(error)
            errors += 1
    for key, values in model.items():
        assert direct.get(key) in values
    client.close()
    return errors


def binary():
    direct.flush_all()
    client = bmemcached.Client(f"127.0.0.1:{proxy}", socket_timeout=10)
    model = {}
    errors = 0
    for _ in range(1000):
        key = f"k{rng.randrange(8)}"
        kind = rng.randrange(8)
        known = model.get(key, {None})
        try:
            if kind == 0:
                value = fresh()
                assert client.set(key, value) is True
                model[key] = {value}
            elif kind == 1:
                value = client.get(key)
                assert value in known, key
            elif kind == 2:
                client.delete(key)
                model[key] = {None}
            elif kind == 3:
                found = client.get_multi([f"k{index}" for index in range(8)])
                for other, value in found.items():
                    assert value in model.get(other, {None})
            elif kind == 4:
                value = fresh()
                added = client.add(key, value)
                assert added == (known == {None})
                if added:
                    model[key] = {value}
            elif kind == 5:
                assert client.incr(f"n{key}", 1) >= 0
            elif kind == 6:
                # A pipeline of 100 quiet commands: only what fails is answered.
                many = {f"m{index}": fresh()[:1000] for index in range(100)}
                failed = client.set_multi(many)
                assert len(set(failed)) == len(failed) and 0 < len(failed) < 50, failed
                for other, value in many.items():
                    if other not in failed:
                        model[other] = {value}
            else:
                assert client.stats()
        except MemcachedException as error:
            assert error.code == 0x82 and "Out of memory" in str(error), str(error)
            errors += 1
    client.disconnect_all()
    check = bmemcached.Client(f"127.0.0.1:{server}")
    for key, values in model.items():
        assert check.get(key) in values, key
    return errors


counts = text(), binary()
assert all(100 < count < 400 for count in counts), counts
print(*counts)
