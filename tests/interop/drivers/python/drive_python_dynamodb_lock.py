"""Drives python_dynamodb_lock."""

from datetime import timedelta

import boto3
from python_dynamodb_lock.python_dynamodb_lock import (
    DynamoDBLock,
    DynamoDBLockClient,
    DynamoDBLockError,
)

# The shortest wait that is none: zero would mean the default.
NO_TIME = timedelta(microseconds=1)


class Client:
    """One client, which renews in a thread of its own."""

    def __init__(self, order):
        lease = timedelta(milliseconds=order["leaseMs"])
        self._client = DynamoDBLockClient(
            boto3.resource("dynamodb"),
            table_name=order["table"],
            lease_duration=lease,
            heartbeat_period=lease / 6,
            safe_period=lease * 2 / 3,
        )
        self._locks = {}

    def acquire(self, name, wait, seconds):
        try:
            self._locks[name] = self._client.acquire_lock(
                name,
                retry_period=timedelta(milliseconds=30) if wait else timedelta(seconds=1),
                retry_timeout=timedelta(seconds=seconds) if wait else NO_TIME,
            )
        except DynamoDBLockError as error:
            if error.code != DynamoDBLockError.ACQUIRE_TIMEOUT:
                raise
            return False
        return True

    def release(self, name):
        lock = self._locks.pop(name)
        if lock.status not in (DynamoDBLock.LOCKED, DynamoDBLock.IN_DANGER):
            return False
        try:
            lock.release(best_effort=False)
        except DynamoDBLockError as error:
            if error.code != DynamoDBLockError.LOCK_STOLEN:
                raise
            return False
        return True
