/**
 * A worker process: its tasks take locks, update counters and give the locks back, until they are told
 * to end. It may be frozen or killed at any moment, and never learns of it.
 *
 * @module
 */

import { isLockError, type Lease, type LockEvent, LockManager } from "../../mod.ts";
import { DynamoClient, isDynamoError } from "../../src/dynamodb/mod.ts";
import { Counters, outcomeOf, type Update } from "./counters.ts";
import { counterId, type Outcome, type Phase } from "./messages.ts";
import type { WorkerEvent, WorkerOrder } from "./messages.ts";
import { Random } from "./random.ts";

/** How a task goes about one turn with a lock. */
interface Manner {
  /** Asks once instead of waiting. */
  readonly once: boolean;
  /** Gives up waiting after this long. */
  readonly patienceMs: number | undefined;
  /** Lets the lease run out under it. */
  readonly renew: boolean;
  /** Looks at `lease.held` before it writes, as everybody should. */
  readonly careful: boolean;
}

/** How long a task thinks in a storm, in leases: shortly, or so long that much can happen to it. */
const STORM_THINKING = [[0, 0.02], [0, 0.1], [0, 0.1], [0, 0.4], [1, 2], [1.7, 2]] as const;

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
  const { held, remainingMs, name: lock, fencingToken: token } = lease;
  if (held) tell({ type: "believes", lock, token, at, remainingMs: Math.max(0, remainingMs) });
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
  const { name: lock, fencingToken: token } = lease;
  leases.set(`${lock} ${token}`, lease);
  tellBelief(lease);
  // Release and loss both come this way, in the same turn in which `held` becomes false.
  lease.signal.addEventListener("abort", () => {
    tell({ type: "ends", lock, token, at: Date.now(), how: lease.signal.reason.code });
    leases.delete(`${lock} ${token}`);
  });
}

function chooseManner(): Manner {
  if (phase.kind !== "storm") {
    return { once: false, patienceMs: undefined, renew: true, careful: true };
  }
  return {
    once: random.chance(0.15),
    patienceMs: random.chance(0.2) ? random.between(100, 3_000) : undefined,
    renew: random.chance(0.75),
    careful: random.chance(0.5),
  };
}

/** Thinks between reading and writing. */
async function think(): Promise<void> {
  if (phase.kind !== "storm") return await pause(random.between(5, 50));
  const [least, most] = random.pick(STORM_THINKING);
  const ms = random.between(least, most) * order.leaseMs;
  if (random.chance(0.8)) return await pause(ms);
  // Without a break for anything else, as hard work does: no timer tells that the lease has run out.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function take(
  locks: LockManager,
  lock: string,
  { once, patienceMs, renew }: Manner,
): Promise<Lease | null> {
  const signal = patienceMs === undefined ? {} : { signal: AbortSignal.timeout(patienceMs) };
  try {
    const lease = once
      ? await locks.tryAcquire(lock, { renew })
      : await locks.acquire(lock, { renew, ...signal });
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

/** Makes one update and tells of it before and after. Answers whether it was acknowledged. */
async function update(
  counter: string,
  lease: Lease | null,
  value: number,
  write: (update: Update) => Promise<unknown>,
): Promise<boolean> {
  const op = `${order.name}/${++operations}`;
  const token = lease?.fencingToken ?? null;
  if (lease !== null) tellBelief(lease);
  tell({ type: "updates", op, counter, token, held: lease?.held ?? false });
  const outcome: Outcome = await outcomeOf(write({ counter, op, token: token ?? 0, value }));
  tell({ type: "updated", op, outcome });
  return outcome === "acknowledged";
}

/** Reads both counters of a lock, thinks, and writes them. Answers whether both were acknowledged. */
async function work(lease: Lease, careful: boolean): Promise<boolean> {
  const { name: lock, fencingToken: token } = lease;
  const { storm } = phase as { storm: number };
  const byToken = counterId(lock, "token", storm);
  const byTransaction = counterId(lock, "transaction", storm);
  const one = await counters.readWithToken(byToken, token);
  const place = await counters.findGrant(lock, token);
  const other = await counters.read(byTransaction);
  await think();
  let acknowledged = 0;
  if (one !== undefined && (!careful || lease.held)) {
    const write = (it: Update) => counters.writeWithToken(it);
    if (await update(byToken, lease, one + 1, write)) acknowledged++;
  }
  if (place !== undefined && (!careful || lease.held)) {
    const write = (it: Update) => counters.writeInTransaction(it, place);
    if (await update(byTransaction, lease, other + 1, write)) acknowledged++;
  }
  return acknowledged === 2;
}

/** One turn: a lock, the work, and the release, which may fail: then the lease runs out. */
async function takeTurn(locks: LockManager): Promise<boolean> {
  const manner = chooseManner();
  const lease = await take(locks, random.pick(order.locks), manner);
  if (lease === null) return false;
  watch(lease);
  try {
    return await work(lease, manner.careful);
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
  const counter = counterId(random.pick(order.locks), "nothing", storm);
  try {
    const value = await counters.read(counter);
    await think();
    await update(counter, null, value + 1, (it) => counters.writePlainly(it));
  } catch (error) {
    if (!isDynamoError(error)) throw error;
  }
}

async function toil(task: number, locks: LockManager | null): Promise<void> {
  let served = -1;
  while (phase.kind !== "end") {
    const { kind, storm } = phase;
    if (kind === "calm" && (served === storm || locks === null)) {
      await phaseChange.promise;
      continue;
    }
    if (locks === null) await takePlainTurn();
    else if (await takeTurn(locks) && kind === "calm") {
      served = storm;
      tell({ type: "served", task, storm });
      continue;
    }
    // Something else to do: the others get their turn.
    await pause(random.between(0, kind === "storm" ? 150 : 20));
  }
}

async function toilWithLocks(): Promise<void> {
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
  if (order.guarded) await toilWithLocks();
  else await Promise.all(Array.from({ length: order.tasks }, (_, task) => toil(task, null)));
} catch (error) {
  tell({ type: "failed", message: error instanceof Error ? `${error.stack}` : `${error}` });
}
Deno.exit(0);
