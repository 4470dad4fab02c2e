"""Lets the interop suite speak to a lock client of Python: one JSON object a line, each answered by one.

    python3 driver.py python_dynamodb_lock|dynalock|dynamo_dlm
"""

import importlib
import json
import os
import sys
import time
import uuid


def count(client, name, file, rounds):
    """Adds one to the number in a file, again and again, each time under the lock."""
    for _ in range(rounds):
        if not client.acquire(name, True, 60.0):
            raise RuntimeError("the lock was not granted in a minute")
        with open(file, encoding="utf-8") as text:
            number = int(text.read())
        time.sleep(0.003)
        with open(file, "w", encoding="utf-8") as text:
            text.write(str(number + 1))
        if not client.release(name):
            raise RuntimeError("the lock was lost")
    return {"done": rounds}


def crowd(client, name, folder, rounds, permits):
    """Shares the lock, again and again; answers how many were in at once at the most."""
    most = 0
    for _ in range(rounds):
        if not client.acquire(name, True, 60.0, permits):
            raise RuntimeError("the lock was not granted in a minute")
        mark = os.path.join(folder, uuid.uuid4().hex)
        with open(mark, "w", encoding="utf-8"):
            pass
        time.sleep(0.005)
        most = max(most, len(os.listdir(folder)))
        os.remove(mark)
        if not client.release(name):
            raise RuntimeError("the lock was lost")
    return {"most": most}


def obey(client, order):
    """Carries out one order."""
    name = order.get("name")
    if order["cmd"] == "acquire":
        seconds = order.get("timeoutMs", 30_000) / 1_000
        permits = [order["permits"]] if "permits" in order else []
        return {"held": client.acquire(name, order["wait"], seconds, *permits)}
    if order["cmd"] == "release":
        return {"released": client.release(name)}
    if order["cmd"] == "count":
        return count(client, name, order["file"], order["rounds"])
    if order["cmd"] == "crowd":
        return crowd(client, name, order["folder"], order["rounds"], order["permits"])
    raise ValueError("unknown command: " + order["cmd"])


def main():
    module = importlib.import_module("drive_" + sys.argv[1])
    # What a library prints must not get in between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    client = None
    for line in sys.stdin:
        order = json.loads(line)
        if order["cmd"] == "exit":
            break
        try:
            if order["cmd"] == "open":
                os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = order["endpoint"]
                client, answer = module.Client(order), {}
            else:
                answer = obey(client, order)
            answer = {"ok": True, **answer}
        except Exception as error:  # all of them are for the suite to judge
            answer = {"ok": False, "error": repr(error)}
        print(json.dumps(answer), file=answers, flush=True)
    answers.flush()
    os._exit(0)  # not held up by what a library leaves running


main()
