/**
 * A worker process: its tasks take locks, update counters and give the locks back, until they are told
 * to end. It may be frozen or killed at any moment, and never learns of it.
 *
 * @module
 */

import { isLockError, type Lease, type LockEvent, LockManager } from "../../mod.ts";
import { DynamoClient, isDynamoError } from "../../src/dynamodb/mod.ts";
import { Counters, outcomeOf, type Update } from "./counters.ts";
import { chooseManner, chooseThinking, type Manner } from "./manner.ts";
import { counterId, type Guard, type Outcome, type Phase } from "./messages.ts";
import type { WorkerEvent, WorkerOrder } from "./messages.ts";
import { COMMIT_LOCKS } from "./plan.ts";
import { Random } from "./random.ts";

/** A write that was prepared. Answers whether it was acknowledged. */
type Write = () => Promise<boolean>;

const order: WorkerOrder = JSON.parse(Deno.args[0]!);
const random = new Random(order.seed, order.name);
const encoder = new TextEncoder();
const wire = {
  region: "local",
  credentials: { accessKeyId: order.accessKeyId, secretAccessKey: "chaos" },
};
const client = new DynamoClient({ ...wire, endpoint: order.dataEndpoint });
const counters = new Counters(client, order.counterTable, order.lockTable);
/** Leases that are held, by lock and token, for renewals to be told of. */
const leases = new Map<string, Lease>();
let phase: Phase = order.phase;
let phaseChange = Promise.withResolvers<void>();
let operations = 0;

/** At once and whole: a process that is killed after this line has told it. */
function tell(event: WorkerEvent): void {
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(event) + "\n"));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function obey(): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) changePhase(JSON.parse(line));
  }
  Deno.exit(1); // the runner is gone, and nobody counts any more
}

function changePhase(next: Phase): void {
  phase = next;
  phaseChange.resolve();
  phaseChange = Promise.withResolvers();
}

/**
 * Tells what the lease promises now. The time is read first: whatever stops the process between the two
 * lines makes the claim smaller, never greater.
 */
function tellBelief(lease: Lease): void {
  const at = Date.now();
  const { held, remainingMs, names, fencingToken: token } = lease;
  if (!held) return;
  const most = lease.mode === "exclusive"
    ? 1
    : lease.name === order.semaphore
    ? order.permits
    : 1e9;
  for (const lock of names) {
    tell({ type: "believes", lock, token, at, most, remainingMs: Math.max(0, remainingMs) });
  }
}

function hear(event: LockEvent): void {
  if (event.type === "grant") {
    const { name: lock, fencingToken: token, takeover } = event;
    tell({ type: "granted", lock, token, takeover });
  }
  if (event.type !== "renew") return;
  const lease = leases.get(`${event.name} ${event.fencingToken}`);
  if (lease !== undefined) tellBelief(lease);
}

function watch(lease: Lease): void {
  const { name, names, fencingToken: token } = lease;
  leases.set(`${name} ${token}`, lease);
  tellBelief(lease);
  // Release and loss both come this way, in the same turn in which `held` becomes false.
  lease.signal.addEventListener("abort", () => {
    const at = Date.now();
    for (const lock of names) {
      tell({ type: "ends", lock, token, at, how: lease.signal.reason.code });
    }
    leases.delete(`${name} ${token}`);
  });
}

/** Thinks between reading and writing. */
async function think(): Promise<void> {
  const { ms, hard } = chooseThinking(random, phase, order.leaseMs);
  if (!hard) return await pause(ms);
  // Without a break for anything else, as hard work does: no timer tells that the lease has run out.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function take(
  locks: LockManager,
  { names, sharing, once, patienceMs, renew }: Manner,
): Promise<Lease | null> {
  const signal = patienceMs === undefined ? {} : { signal: AbortSignal.timeout(patienceMs) };
  const [lock] = names as [string];
  try {
    const lease = once
      ? await locks.tryAcquire(names, { renew, ...sharing })
      : await locks.acquire(names, { renew, ...sharing, ...signal });
    if (lease === null) tell({ type: "missed", lock, why: "taken" });
    return lease;
  } catch (error) {
    const gaveUp = error instanceof DOMException && error.name === "TimeoutError";
    const why = gaveUp ? "gave up" : isLockError(error) ? error.code : undefined;
    if (why === undefined) throw error;
    tell({ type: "missed", lock, why });
    await pause(random.between(100, 600)); // where DynamoDB is out of reach, asking on is no use
    return null;
  }
}

/** Makes updates in one request, and tells of each before and after. */
async function update(
  values: ReadonlyMap<string, number>,
  lease: Lease | null,
  write: (updates: Update[]) => Promise<unknown>,
): Promise<boolean> {
  const token = lease?.fencingToken ?? null;
  const updates = [...values].map(([counter, value]) => {
    const op = `${order.name}/${++operations}`;
    return { counter, op, token: token ?? 0, value: value + 1 };
  });
  if (lease !== null) tellBelief(lease);
  for (const { op, counter } of updates) {
    tell({ type: "updates", op, counter, token, held: lease?.held ?? false });
  }
  const outcome: Outcome = await outcomeOf(write(updates));
  for (const { op } of updates) tell({ type: "updated", op, outcome });
  return outcome === "acknowledged";
}

/** Reads a lock's counter; `undefined` where it need not be written, as somebody newer was there. */
async function prepare(
  guard: Guard,
  lease: Lease,
  { release }: Manner,
): Promise<Write | undefined> {
  const { storm } = phase as { storm: number };
  const { name, names, fencingToken: token } = lease;
  const counter = counterId(name, guard, storm);
  const later = (value: number, write: (it: Update) => Promise<unknown>): Write => () =>
    update(new Map([[counter, value]]), lease, ([it]) => write(it!));
  if (guard === "token") {
    const value = await counters.readWithToken(counter, token);
    return value === undefined ? undefined : later(value, (it) => counters.writeWithToken(it));
  }
  if (guard === "transaction") {
    const place = await counters.findGrant(name, token);
    if (place === undefined) return undefined;
    return later(await counters.read(counter), (it) => counters.writeInTransaction(it, place));
  }
  // Nothing but the lock itself: read under it, and written when that is over, it destroys an update.
  if (guard === "lock") {
    return later(await counters.read(counter), (it) => counters.writePlainly(it));
  }
  const values = new Map<string, number>();
  for (const each of names) {
    const id = counterId(each, guard, storm);
    values.set(id, await counters.read(id));
  }
  const commit = (updates: Update[]) =>
    lease.transact(updates.map((it) => counters.element(it)), { release });
  return () => update(values, lease, commit);
}

/** Reads the counters of a lock, thinks, and writes them. Answers whether all were acknowledged. */
async function work(lease: Lease, manner: Manner): Promise<boolean> {
  const writes: (Write | undefined)[] = [];
  for (const guard of manner.guards) writes.push(await prepare(guard, lease, manner));
  await think();
  tellBelief(lease);
  let acknowledged = true;
  for (const write of writes) {
    const dares = write !== undefined && (!manner.careful || lease.held);
    acknowledged = dares && await write() && acknowledged;
  }
  return acknowledged;
}

/** One turn: a lock, the work, and the release, which may fail: then the lease runs out. */
async function takeTurn(locks: LockManager): Promise<boolean> {
  const manner = chooseManner(random, phase, order);
  const lease = await take(locks, manner);
  if (lease === null) return false;
  watch(lease);
  try {
    return await work(lease, manner);
  } catch (error) {
    if (!isDynamoError(error)) throw error; // reading failed: nothing was written
    return false;
  } finally {
    await lease[Symbol.asyncDispose]();
  }
}

/** One turn in a world without locks. */
async function takePlainTurn(): Promise<void> {
  const { storm } = phase as { storm: number };
  const counter = counterId(random.pick(COMMIT_LOCKS), "nothing", storm);
  try {
    const value = await counters.read(counter);
    await think();
    await update(new Map([[counter, value]]), null, ([it]) => counters.writePlainly(it!));
  } catch (error) {
    if (!isDynamoError(error)) throw error;
  }
}

async function toil(task: number, locks: LockManager): Promise<void> {
  const { guarded } = order;
  let served = -1;
  while (phase.kind !== "end") {
    const { kind, storm } = phase;
    if (kind === "calm" && served === storm) {
      await phaseChange.promise;
      continue;
    }
    if (!guarded && task === 0) await takePlainTurn();
    else if (await takeTurn(locks) && kind === "calm") {
      served = storm;
      tell({ type: "served", task, storm });
      continue;
    }
    // Something else to do: the others get their turn.
    await pause(random.between(0, kind === "storm" ? 150 : 20));
  }
}

async function toilTogether(): Promise<void> {
  const { leaseMs, pollMs, name, lockTable, lockEndpoint } = order;
  await using locks = new LockManager({
    ...wire,
    ...{ endpoint: lockEndpoint, table: lockTable },
    ...{ leaseMs, pollMs, owner: name, onEvent: hear },
  });
  await Promise.all(Array.from({ length: order.tasks }, (_, task) => toil(task, locks)));
}

// Ctrl-C reaches the whole group of processes; it is for the runner to end its workers.
Deno.addSignalListener("SIGINT", () => {});
void obey();
tell({ type: "ready" });
try {
  await toilTogether();
} catch (error) {
  tell({ type: "failed", message: error instanceof Error ? `${error.stack}` : `${error}` });
}
Deno.exit(0);
