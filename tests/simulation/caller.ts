/** A program that uses locks: takes them, works under them, and gives them back or does not. */

import type { Lease } from "../../src/lease/lease.ts";
import type { OnlySet } from "../../src/checks.ts";
import type { AcquireOptions } from "../../src/options.ts";
import {
  beginCall,
  type Call,
  judgeBudget,
  judgeCost,
  judgeMiss,
  judgeRejection,
} from "./calls.ts";
import type { Held } from "./held.ts";
import { type Place, Program, type ProgramContext, type Streams } from "./program.ts";
import type { Random } from "./random.ts";
import { isCalm, isStream } from "./scenario.ts";
import { type LockWish, optionsOf, Wishes } from "./wishes.ts";
import { Work } from "./work.ts";

type Wanted = OnlySet<AcquireOptions>;

/** What an abort may take to end a call: its timer, and no request. */
const ABORT_LIMIT_MS = 100;

/** One caller. */
export class Caller extends Program {
  /** What the limits of single calls are drawn from. */
  readonly #limits: Random;
  readonly #wishes: Wishes;
  readonly #work: Work;
  /** A signal that lives as long as the process, as that of a shutdown. */
  readonly #lifelong: AbortSignal;

  constructor(context: ProgramContext, place: Place, { random, limits, wishes }: Streams) {
    super(context, place, random);
    this.#limits = limits;
    this.#wishes = new Wishes(context.scenario, wishes);
    this.#work = new Work(context, random, this.#wishes);
    this.#lifelong = new AbortController().signal;
    context.checker.watch(place.process, this.#lifelong, "a signal that is never aborted");
  }

  protected async turn(last: boolean): Promise<void> {
    const { scenario, checker, scheduler } = this.context;
    const random = this.random;
    const plan = this.plan;
    const stream = isStream(scenario);
    const wish = this.#wishes.next(random.pick(scenario.names), last ? undefined : plan.shape);
    const wait = last || stream || random.chance(0.65);
    const aborting = !last && !stream && random.chance(0.35);
    const reason = aborting ? new Error("Enough waited") : undefined;
    const options = {
      ...this.#options(),
      ...(!last && !stream && this.#drawLimits()),
      ...optionsOf(wish.shape),
      ...(this.#wishes.reentrant && !plan.workers && { reentrant: true }),
    };
    const call = beginCall(checker, this.process, wish, {
      wait,
      healed: last,
      reason,
      now: scheduler.now,
      // Only a clock that is right minds no mark that is over.
      markSlackMs: scenario.clocks === "right" ? 2_000 : Infinity,
    });
    if (reason !== undefined) options.signal = this.#abortSoon(call, reason);
    else if (random.chance(0.2)) options.signal = this.#lifelong;
    const lease = await this.#ask(call, options);
    if (lease === undefined) return;
    const { leaseMs, renew, maxHoldMs } = { ...plan.options, ...options };
    const held = checker.granted(this.process, lease, {
      ...wish,
      // One that ends by its own limit is not lost to anything.
      leaseMs: Math.min(leaseMs, 2 * (maxHoldMs ?? Infinity)),
      renewing: renew && maxHoldMs === undefined,
      warns: renew,
      reentrant: options.reentrant,
    });
    this.#count(wish, held);
    if (maxHoldMs !== undefined && !held.nested) this.#watchLimit(held, maxHoldMs);
    await this.#work.use(held, last);
  }

  #count({ names, shape }: LockWish, { nested }: Held): void {
    const { tally } = this.context;
    if (nested) tally.add("grant: nested");
    tally.add(`grant: ${/permits/.test(shape) ? "permit" : shape}`);
    if (new Set(names).size > 1) tally.add("grant: several");
  }

  /** Asks for a lock and judges the answer. */
  async #ask(call: Call, options: AcquireOptions): Promise<Lease | undefined> {
    const { scenario, scheduler, checker, trace, tally } = this.context;
    const { names, wait } = call;
    const verb = wait ? "acquire" : "tryAcquire";
    if (trace.on) trace.add(this.process.name, `${verb} '${names}' ${describe(options)}`);
    try {
      const [name] = names;
      const lease = await this.manager[verb](names.length > 1 ? names : name!, options);
      call.settled = true;
      judgeBudget(checker, call, this.#budget(options), lease !== null);
      tally.add(lease === null ? "answer: null" : "answer: lease");
      if (lease === null) judgeMiss(checker, call, scheduler.now);
      else {
        this.#judgeWait(call);
        judgeCost(checker, call, scenario.trouble === "calm" && this.plan.callers === 1);
        return lease;
      }
    } catch (error) {
      call.settled = true;
      judgeBudget(checker, call, this.#budget(options), false);
      const what = judgeRejection(checker, call, error, {
        calm: isCalm(scenario),
        tampering: scenario.upsets.tampering > 0,
        // A clock that is wrong stays so where the time that answers tell is taken away.
        timeless: this.plan.path.dates !== "kept",
        // Dates that are off by as much as this leave less than half of such a lease.
        limited: options.maxRequests !== undefined,
        imprecise: 2 * scenario.dateErrorMs + 1_000 > scenario.leaseMs / 3,
      });
      tally.add(`answer: ${what}`);
      if (trace.on) trace.add(this.process.name, `'${names}' ${what}`);
    }
  }

  /** How many requests a call may take, where all that its process sends is the call's. */
  #budget({ maxRequests = Infinity }: AcquireOptions): number {
    const { sharing, upsets } = this.context.scenario;
    // Another's lock is broken by whichever process is at hand.
    const breaks = sharing !== undefined && (sharing.breaks !== undefined || upsets.tampering > 0);
    return this.plan.callers > 1 || breaks ? Infinity : maxRequests;
  }

  #options(): { -readonly [Key in keyof Wanted]: Wanted[Key] } {
    const random = this.random;
    const { leaseMs, profile } = this.context.scenario;
    const { workers } = this.plan;
    return {
      ...(random.chance(0.4) && { leaseMs: random.whole(leaseMs, 2 * leaseMs) }),
      ...(random.chance(0.3) && { renew: random.chance(profile.renewed) }),
      ...(random.chance(0.2) && { data: "some data" }),
      ...(random.chance(0.2) && { owner: "some owner" }),
      ...(workers && { waitUntil: (work: Promise<unknown>) => void work }),
    };
  }

  /** How long it is held, and how many requests it may take, where that is limited. */
  #drawLimits(): Pick<Wanted, "maxHoldMs" | "maxRequests"> {
    const random = this.#limits;
    const { scenario } = this.context;
    if (isCalm(scenario)) return {};
    return {
      ...(random.chance(0.08) && { maxHoldMs: random.whole(1_000, 3 * scenario.leaseMs) }),
      ...(random.chance(0.08) && { maxRequests: random.whole(1, 12) }),
    };
  }

  /** Nobody holds a lock for longer than that, by clocks that may be 1 % slow. */
  #watchLimit({ lease }: Held, maxHoldMs: number): void {
    const { scheduler, checker } = this.context;
    scheduler.after(1.02 * maxHoldMs, () => {
      const { process } = this;
      if (!process.alive || process.paused || !lease.held) return;
      checker.accuse("maxHoldMs is kept", `${process.name} '${lease.name}' ${lease.fencingToken}`);
    });
  }

  #abortSoon(call: Call, reason: Error): AbortSignal {
    const controller = new AbortController();
    const { process } = this;
    const { scheduler, checker, scenario } = this.context;
    const abort = () => {
      call.abortedAt = scheduler.now;
      controller.abort(reason);
      if (call.settled) return;
      // It must be over at once, whatever it was doing.
      process.after(ABORT_LIMIT_MS, () => {
        if (!call.settled) {
          checker.accuse("an abort ends a call", `${process.name} '${call.names}'`);
        }
      });
    };
    if (this.random.chance(0.05)) abort();
    else process.after(this.random.magnitude(1, 2 * scenario.leaseMs), abort);
    return controller.signal;
  }

  /** Neither handing a lock on inside a process nor sharing it must keep the others out. */
  #judgeWait(call: Call): void {
    const { scenario, checker, scheduler } = this.context;
    if (!isStream(scenario) || !isCalm(scenario) || call.healed || call.shape === "shared") return;
    const { maxHandoffMs, pollMs } = scenario.machines[0]!.options;
    const holdMs = 2 * scenario.leaseMs * scenario.profile.hold[1];
    // Readers hand on nothing while somebody waits.
    const handover = scenario.kind === "handover";
    const roundMs = (handover ? maxHandoffMs : 0) + holdMs + pollMs + 50;
    const waitedMs = scheduler.now - call.startedAt;
    if (waitedMs <= (handover ? HANDOVER_ROUNDS : READERS_ROUNDS) * roundMs) return;
    checker.accuse("others get their turn", `${this.process.name} waited for ${waitedMs} ms`);
  }
}

/** In each round of hand-overs the others get the lock three times out of four, or more often. */
const HANDOVER_ROUNDS = 12;

/** A writer waits for those who read already, and for nobody else. */
const READERS_ROUNDS = 2;

function describe(options: AcquireOptions): string {
  const { signal, waitUntil: _, ...rest } = options;
  return JSON.stringify({ ...rest, ...(signal !== undefined && { signal: signal.aborted }) });
}
