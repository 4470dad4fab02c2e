"""Drives DynaLock, which does not wait: the waiting is done here."""

import os
import time

from dynalock.dynalock import DynaLock
from dynalock.exceptions import LockAlreadyAcquiredError

PAUSE_SECONDS = 0.03


class Client:
    """Makes a lock object for each acquisition. Each is held by its context manager."""

    def __init__(self, order):
        self._table = order["table"]
        self._ttl = order["leaseMs"] // 1_000
        self._held = {}

    def acquire(self, name, wait, seconds):
        end = time.monotonic() + seconds
        lock = DynaLock(
            table_name=self._table,
            region_name=os.environ["AWS_REGION"],
            lock_id=name,
            ttl=self._ttl,
        )
        while True:
            held = lock.lock()
            try:
                held.__enter__()
            except LockAlreadyAcquiredError:
                if not wait or time.monotonic() > end:
                    return False
                time.sleep(PAUSE_SECONDS)
            else:
                self._held[name] = held
                return True

    def release(self, name):
        # It never finds out whether the lock was its own.
        self._held.pop(name).__exit__(None, None, None)
        return True
