/**
 * One worker process of the demo: takes the lock, updates the file, gives the lock back, over and
 * over. It ends when its standard input does.
 *
 * @module
 */

import { type Lease, LockManager } from "../mod.ts";
import { GuardedFile } from "./guarded_file.ts";
import { LINGER, type WorkerEvent, type WorkerOrder } from "./messages.ts";

const order: WorkerOrder = JSON.parse(Deno.args[0]!);
const file = new GuardedFile(order.folder);
const stop = new AbortController();
const encoder = new TextEncoder();
let lingering = false;

function tell(event: WorkerEvent): void {
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(event) + "\n"));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function obey(): Promise<void> {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    if (text.includes(LINGER)) lingering = true;
  }
  stop.abort();
}

/** Read, think, write: the way to lose updates, unless something keeps the others out. */
async function update(lease: Lease | null): Promise<void> {
  const token = lease?.fencingToken ?? null;
  const value = await file.read(token);
  if (value === undefined) return tell({ type: "refused", held: lease!.held });
  await think(lease);
  // Ask right before the write. It does not take long, but a process can be stopped even between
  // this line and the next: then the file compares the token.
  const held = lease === null || lease.held;
  if (!held) tell({ type: "lost", code: lease.signal.reason.code });
  // A program should stop here where `held` is false. This one goes on, to show that the file would
  // refuse the late write of a program that does not look.
  const written = await file.write(value + 1, token);
  tell(written ? { type: "updated" } : { type: "refused", held });
}

async function think(lease: Lease | null): Promise<void> {
  if (lease === null || !lingering) return await pause(5 + Math.random() * 30);
  lingering = false;
  tell({ type: "lingering" });
  await pause(order.lock!.leaseMs);
}

async function workWith(locks: LockManager, name: string): Promise<void> {
  while (!stop.signal.aborted) {
    {
      await using lease = await locks.acquire(name, { signal: stop.signal });
      const { fencingToken: token, remainingMs } = lease;
      tell({ type: "granted", token, remainingMs, at: Date.now() });
      await update(lease);
    }
    tell({ type: "released" });
    await pause(Math.random() * 50); // something else to do: the others get their turn
  }
}

async function work(): Promise<void> {
  const { lock, name, connection } = order;
  if (lock === null) {
    while (!stop.signal.aborted) await update(null);
    return;
  }
  await using locks = new LockManager({
    ...connection,
    table: lock.table,
    leaseMs: lock.leaseMs,
    owner: name,
    pollMs: 100, // livelier than the second that suits most programs
    onEvent(event) {
      if (event.type !== "renew") return;
      tell({ type: "renewed", remainingMs: event.remainingMs, at: Date.now() });
    },
  });
  await workWith(locks, lock.name);
}

// These reach the whole group of processes; it is for the demo to end its workers.
Deno.addSignalListener("SIGINT", () => {});
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => {});
void obey();
tell({ type: "ready" });
try {
  await work();
} catch (error) {
  if (!stop.signal.aborted) {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}
Deno.exit(0);
