"""Mixes what the server sends unasked with errors. Argument: the port of the proxy, which answers
each INCRBY with -OOM."""

import sys
import threading
import time

import redis

port = int(sys.argv[1])
publisher = redis.Redis(port=port)
errors = 0

for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol)
    subscriber = client.pubsub()
    subscriber.subscribe("a", "b")
    subscriber.psubscribe("c*")
    confirmed = [subscriber.get_message(timeout=5) for _ in range(3)]
    assert [message["type"] for message in confirmed] == ["subscribe", "subscribe", "psubscribe"]
    for number in range(100):
        publisher.publish("ab"[number % 2], number)
        if number % 10 == 0:
            subscriber.ping()
        try:
            publisher.incr("n")
        except redis.exceptions.OutOfMemoryError:
            errors += 1
    seen = []
    while len(seen) < 100:
        message = subscriber.get_message(timeout=5)
        assert message is not None, seen
        if message["type"] == "message":
            seen.append(int(message["data"]))
    assert seen == list(range(100))
    subscriber.unsubscribe()
    subscriber.punsubscribe()
    ended = []
    while len(ended) < 3:
        message = subscriber.get_message(timeout=5)
        assert message is not None, ended
        if message["type"] != "pong":
            ended.append(message["type"])
    assert ended == ["unsubscribe", "unsubscribe", "punsubscribe"], ended
    subscriber.close()

    waiting = redis.Redis(port=port, protocol=protocol)
    result = []
    thread = threading.Thread(target=lambda: result.append(waiting.blpop(["l"], timeout=10)))
    thread.start()
    time.sleep(0.2)
    publisher.rpush("l", "x")
    thread.join()
    assert [list(pair) for pair in result] == [[b"l", b"x"]], result

    with redis.Redis(port=port, protocol=protocol).monitor() as monitor:
        lines = monitor.listen()
        publisher.set("seen", protocol)
        while next(lines)["command"] != f"SET seen {protocol}":
            pass

assert errors == 200, errors
print(errors)
