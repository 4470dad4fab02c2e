/**
 * A whole run: DynamoDB Local behind the proxy, a control without the lock, then storm after storm with
 * it, each followed by a calm in which everybody must be served, and judged when it is over.
 *
 * @module
 */

import { DynamoClient } from "../../src/dynamodb/mod.ts";
import { ensureTable } from "../../src/table.ts";
import { startDynamoDBLocal } from "../support/dynamodb_local.ts";
import { Canary } from "./canary.ts";
import { type CounterVerdict, judgeCounter, judgeTokenOrder } from "./checks.ts";
import { ClockWatch } from "./clock_watch.ts";
import { judgeStaleWrites, type StaleVerdict } from "./commits.ts";
import { Counters } from "./counters.ts";
import { Crew } from "./crew.ts";
import { dealFaults, profileOf, rarestFault } from "./faults.ts";
import { History, servedKey } from "./history.ts";
import { counterId, type Guard } from "./messages.ts";
import { COMMIT_DEEDS, DEEDS, Nemesis, type NemesisFigures, pause } from "./nemesis.ts";
import {
  CONTROL_MS,
  COUNTER_TABLE,
  CYCLE_MS,
  END_MS,
  isOverCommits,
  LEASE_MS,
  LOCK_TABLE,
  LOCKS,
  PERMITS,
  POLL_MS,
  RAREST_EVERY,
  ROUNDS_MOST,
  type RunOptions,
  type RunResult,
  SEMAPHORE,
  SERVED_WITHIN_MS,
  STORM_MS,
  type StormResult,
  STORMS_LEAST,
  TASKS,
} from "./plan.ts";
import { ChaosProxy } from "./proxy.ts";
import { Random } from "./random.ts";

/** What the parts of a run share. */
interface Arena {
  readonly options: RunOptions;
  readonly proxy: ChaosProxy;
  readonly canary: Canary;
  readonly counters: Counters;
  /** Puts everything away at the end, in whatever way that comes. */
  readonly stack: AsyncDisposableStack;
}

/** Runs it all. Leaves no process behind, also where it is stopped. */
export async function run(options: RunOptions): Promise<RunResult> {
  const start = performance.now();
  await using stack = new AsyncDisposableStack();
  const { endpoint: upstream } = stack.use(await startDynamoDBLocal());
  options.stopped.throwIfAborted();
  const clock = stack.adopt(new ClockWatch(), (it) => it.stop());
  const canary = stack.adopt(new Canary(), (it) => it.close());
  const sings = await canary.sings();
  const proxy = stack.adopt(
    new ChaosProxy({
      upstream,
      canary: canary.endpoint,
      lockTable: LOCK_TABLE,
      leaseMs: LEASE_MS,
    }),
    (it) => it.close(),
  );
  const credentials = { accessKeyId: "judge", secretAccessKey: "chaos" };
  const client = new DynamoClient({ region: "local", endpoint: upstream, credentials });
  await ensureTable({ client, table: LOCK_TABLE });
  const counters = new Counters(client, COUNTER_TABLE, LOCK_TABLE);
  await counters.createTable();
  const arena: Arena = { options, proxy, canary, counters, stack };

  const controlHistory = new History();
  const control = await runControl(arena, controlHistory);
  options.onStorm(control);
  const history = new History();
  const storms = await runStorms(arena, history, start + options.ms);
  const visits = canary.visits;
  const ms = performance.now() - start;
  const seen = { canary: { sings, visits }, clock, proxy };
  return { options, ms, control, storms, history, controlHistory, ...seen };
}

/**
 * The first storm over a world without the lock, and over one where nothing but the lock guards: it has
 * to do damage in both.
 */
async function runControl(arena: Arena, history: History): Promise<StormResult> {
  const crew = await hire(arena, history, false);
  let raged = await rage(arena, crew, history, 1, CONTROL_MS);
  for (let round = 1; round < ROUNDS_MOST && staleWrites(arena, "lock").landed === 0; round++) {
    raged = await rage(arena, crew, history, 1, CONTROL_MS);
  }
  await crew.end(END_MS);
  await arena.proxy.idle();
  const nothing = await judge(arena, history, 1, "nothing");
  const lock = await judge(arena, history, 1, "lock");
  return {
    storm: 1,
    guarded: false,
    ...raged,
    grants: 0,
    takeovers: 0,
    counters: { nothing: nothing.verdict, lock: lock.verdict },
    tokenFaults: [],
    servedMs: 0,
    starved: [],
  };
}

function staleWrites({ proxy }: Arena, guard: Guard): StaleVerdict {
  return judgeStaleWrites(proxy.commits, proxy.sightings, guard);
}

async function runStorms(arena: Arena, history: History, end: number): Promise<StormResult[]> {
  const crew = await hire(arena, history, true);
  const storms: StormResult[] = [];
  const isWeak = () =>
    storms.length < STORMS_LEAST ||
    (storms.length < STORMS_LEAST * ROUNDS_MOST && staleWrites(arena, "commit").attempted === 0);
  while (isWeak() || performance.now() + CYCLE_MS < end) {
    const storm = await runStorm(arena, crew, history, storms.length + 1);
    arena.options.onStorm(storm);
    storms.push(storm);
  }
  await crew.end(END_MS);
  await arena.proxy.idle();
  return storms;
}

async function runStorm(
  arena: Arena,
  crew: Crew,
  history: History,
  storm: number,
): Promise<StormResult> {
  const before = { grants: history.grants, takeovers: history.takeovers };
  await crew.tell({ kind: "storm", storm });
  const { profile, nemesis } = await rage(arena, crew, history, storm, STORM_MS);
  await crew.tell({ kind: "calm", storm });
  const calm = performance.now();
  const starved = await untilServed(arena, crew, history, storm);
  const servedMs = performance.now() - calm;
  await arena.proxy.idle(); // what was delayed may still do harm; the next storm has its own counters
  const token = await judge(arena, history, storm, "token");
  const transaction = await judge(arena, history, storm, "transaction");
  const commit = await judge(arena, history, storm, "commit");
  return {
    storm,
    guarded: true,
    profile,
    nemesis,
    grants: history.grants - before.grants,
    takeovers: history.takeovers - before.takeovers,
    counters: { token: token.verdict, transaction: transaction.verdict, commit: commit.verdict },
    tokenFaults: [token, transaction, commit].flatMap(({ tokenFaults }) => tokenFaults),
    servedMs,
    starved,
  };
}

/** Starts the workers and waits until all of them run. They are killed at the end at the latest. */
async function hire(
  { options, proxy, canary, stack }: Arena,
  history: History,
  guarded: boolean,
): Promise<Crew> {
  const { seed, workers } = options;
  const order = {
    lockEndpoint: proxy.lockEndpoint,
    dataEndpoint: proxy.dataEndpoint,
    canary: canary.endpoint,
    lockTable: LOCK_TABLE,
    counterTable: COUNTER_TABLE,
    locks: LOCKS,
    semaphore: SEMAPHORE,
    permits: PERMITS,
    leaseMs: LEASE_MS,
    pollMs: POLL_MS,
    tasks: TASKS,
    guarded,
    seed,
  };
  const crew = stack.adopt(
    new Crew(
      workers,
      order,
      { kind: "storm", storm: 1 },
      (worker, event) => history.hear(worker.order.name, event),
    ),
    (it) => it.destroy(),
  );
  while (!crew.places.every((worker) => worker?.ready)) {
    if (history.failures.length > 0) throw new Error(history.failures.join("\n"));
    await pause(20, options.stopped);
  }
  return crew;
}

/** Lets a storm rage; the same one for the same seed and number. */
async function rage(
  { options, proxy }: Arena,
  crew: Crew,
  history: History,
  storm: number,
  ms: number,
): Promise<{ profile: string; nemesis: NemesisFigures }> {
  const { seed, stopped } = options;
  const random = new Random(seed, `storm ${storm}`);
  const profile = profileOf(seed, storm);
  const nemesis = new Nemesis(
    crew,
    proxy,
    random,
    LEASE_MS,
    () =>
      crew.places.flatMap((worker, place) =>
        worker !== undefined && history.isHolder(worker.order.name) ? [place] : []
      ),
    isOverCommits(storm) ? COMMIT_DEEDS : DEEDS,
  );
  const chance = new Random(seed, `faults ${storm}`);
  const deal = dealFaults(chance, profile);
  let turns = 0;
  const source = (step: string) =>
    ++turns % RAREST_EVERY === 0 ? rarestFault(proxy.faults) : deal(step);
  proxy.brew(source, chance);
  await nemesis.rage(ms, stopped);
  proxy.heal();
  return { profile: profile.name, nemesis: nemesis.figures };
}

/** Waits until every task of every worker was served; answers who was not, in time. */
async function untilServed(
  { options }: Arena,
  crew: Crew,
  { served }: History,
  storm: number,
): Promise<string[]> {
  const end = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const missing = crew.places.flatMap((worker) =>
      Array.from({ length: TASKS }, (_, task) => servedKey(worker!.order.name, task, storm))
    ).filter((key) => !served.has(key));
    if (missing.length === 0 || performance.now() > end) return missing;
    await pause(20, options.stopped);
  }
}

/** Judges the counters of all locks that were guarded in this way in a storm. */
async function judge(
  { counters }: Arena,
  history: History,
  storm: number,
  guard: Guard,
): Promise<{ verdict: CounterVerdict; tokenFaults: string[] }> {
  const operations = [...history.operations.values()];
  const sum = { landed: 0, lost: 0, foundOut: 0, faults: [] as string[] };
  const tokenFaults: string[] = [];
  for (const lock of LOCKS) {
    const counter = counterId(lock, guard, storm);
    const contents = await counters.contents(counter);
    const own = operations.filter((operation) => operation.counter === counter);
    const { landed, lost, foundOut, faults } = judgeCounter(counter, contents, own);
    sum.landed += landed;
    sum.lost += lost;
    sum.foundOut += foundOut;
    sum.faults.push(...faults);
    tokenFaults.push(...judgeTokenOrder(counter, contents.log));
  }
  return { verdict: sum, tokenFaults };
}
