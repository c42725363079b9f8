"""Sends pipelines of 100 commands and transactions. Argument: the port of the proxy, which answers
some SETs with -OOM."""

import sys

import redis
from redis.exceptions import OutOfMemoryError

client = redis.Redis(port=int(sys.argv[1]), single_connection_client=True)
client.flushall()
number = client.client_id()
errors = 0

for turn in range(20):
    pipeline = client.pipeline(transaction=False)
    for index in range(50):
        pipeline.set(f"k{index}", f"{turn}.{index}" * (1 if index % 10 else 5000))
        pipeline.get(f"k{index}")
    results = pipeline.execute(raise_on_error=False)
    assert len(results) == 100
    for index in range(50):
        stored, read = results[2 * index : 2 * index + 2]
        value = f"{turn}.{index}".encode() * (1 if index % 10 else 5000)
        if stored is True:
            assert read == value, (turn, index)
        else:
            assert isinstance(stored, OutOfMemoryError), stored
            assert read != value, (turn, index)
            errors += 1

transactions = {"whole": 0, "broken": 0}
for turn in range(60):
    client.delete("a", "b", "c")
    pipeline = client.pipeline(transaction=True)
    pipeline.set("a", turn).set("b", turn).incr("c")
    try:
        assert pipeline.execute() == [True, True, 1]
        transactions["whole"] += 1
    except OutOfMemoryError:
        assert client.mget("a", "b", "c") == [None, None, None], "a part of it was done"
        transactions["broken"] += 1
    assert client.get("c") == (b"1" if client.exists("a") else None)

# What redis says to EXEC itself, behind an error.
client.execute_command("MULTI")
failed = 0
while not failed:
    try:
        client.execute_command("SET", "x", turn)
        turn += 1
    except OutOfMemoryError:
        failed = 1
try:
    client.execute_command("EXEC")
except redis.exceptions.ExecAbortError as error:
    assert str(error) == "Transaction discarded because of previous errors.", error
else:
    raise AssertionError("the broken transaction was done")
assert client.get("x") is None
assert client.client_id() == number, "it was not one connection"
assert errors and all(transactions.values()), (errors, transactions)
print(errors)
