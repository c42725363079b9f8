"""Makes 1,000 calls of many kinds on one connection and compares each with a model. Arguments: the
port of the proxy, which answers some with -OOM, the port of the server, and
how many bytes the largest value has."""

import random
import sys

import redis

proxy, server, largest = (int(number) for number in sys.argv[1:])
client = redis.Redis(port=proxy, single_connection_client=True)
direct = redis.Redis(port=server)
direct.flushall()
rng = random.Random(5)
texts, numbers, lists, hashes = {}, {}, {}, {}
errors = 0


def fresh():
    return rng.randbytes(rng.choice([0, 1, 10, 1000, largest]))


def one_call():
    """Returns a call and what the model says, as functions: the model changes only on success."""
    key = f"k{rng.randrange(8)}"
    kind = rng.randrange(12)
    if kind == 0:
        value = fresh()
        return lambda: client.set(f"t{key}", value), lambda: texts.update({key: value}) or True
    if kind == 1:
        return lambda: client.get(f"t{key}"), lambda: texts.get(key)
    if kind == 2:
        def model():
            numbers[key] = numbers.get(key, 0) + 3
            return numbers[key]
        return lambda: client.incrby(f"n{key}", 3), model
    if kind == 3:
        value = fresh()
        def model():
            lists.setdefault(key, []).append(value)
            return len(lists[key])
        return lambda: client.rpush(f"l{key}", value), model
    if kind == 4:
        return lambda: client.lrange(f"l{key}", 0, -1), lambda: lists.get(key, [])
    if kind == 5:
        field, value = f"f{rng.randrange(4)}".encode(), fresh()
        def model():
            is_new = field not in hashes.setdefault(key, {})
            hashes[key][field] = value
            return int(is_new)
        return lambda: client.hset(f"h{key}", field, value), model
    if kind == 6:
        return lambda: client.hgetall(f"h{key}"), lambda: hashes.get(key, {})
    if kind == 7:
        keys = [f"k{index}" for index in range(8)]
        return (
            lambda: client.mget([f"t{key}" for key in keys]),
            lambda: [texts.get(key) for key in keys],
        )
    if kind == 8:
        return lambda: client.delete(f"t{key}"), lambda: int(texts.pop(key, None) is not None)
    if kind == 9:
        return (
            lambda: client.eval("return {1, {2, {ARGV[1], false}}, 'x'}", 0, "a"),
            lambda: [1, [2, [b"a", None]], b"x"],
        )
    if kind == 10:
        return lambda: client.blpop([f"missing{key}"], timeout=0.01), lambda: None
    return lambda: client.ping(), lambda: True


for _ in range(1000):
    call, model = one_call()
    try:
        result = call()
    except redis.exceptions.OutOfMemoryError as error:
        assert "command not allowed when used memory > 'maxmemory'." in str(error)
        errors += 1
    else:
        assert result == model(), (result, model())

for key, value in texts.items():
    assert direct.get(f"t{key}") == value
for key, value in numbers.items():
    assert int(direct.get(f"n{key}")) == value
for key, value in lists.items():
    assert direct.lrange(f"l{key}", 0, -1) == value
for key, value in hashes.items():
    assert direct.hgetall(f"h{key}") == value
print(errors)
