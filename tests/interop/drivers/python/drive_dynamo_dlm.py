"""Drives dynamo-dlm. Its own waiting has no end and no pause, so the waiting is done here."""

import logging
import time

import boto3
from dynamo_dlm import DynamoDbLock, LockNotAcquiredError

PAUSE_SECONDS = 0.03


class Warnings(logging.Handler):
    """Hears that a lock was lost, which the client says to its logger only."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record):
        self.count += 1


class Client:
    """Makes a lock object for each try: one that has failed cannot be tried again."""

    def __init__(self, order):
        boto3.setup_default_session()
        self._options = {
            "table_name": order["table"],
            "duration": order["leaseMs"] // 1_000,
            "wait_forever": False,
        }
        self._held = {}
        self._warnings = Warnings()
        logger = logging.getLogger("dynamo_dlm")
        logger.addHandler(self._warnings)
        logger.propagate = False

    def acquire(self, name, wait, seconds, permits=1):
        end = time.monotonic() + seconds
        while True:
            lock = DynamoDbLock(name, concurrency=permits, **self._options)
            try:
                lock.acquire()
            except LockNotAcquiredError:
                if not wait or time.monotonic() > end:
                    return False
                time.sleep(PAUSE_SECONDS)
            else:
                self._held[name] = lock
                return True

    def release(self, name):
        before = self._warnings.count
        self._held.pop(name).release()
        return self._warnings.count == before
