/** A program that takes locks by `request`: it waits, steals, or takes what is there. */

import type { Lease } from "../../src/lease/lease.ts";
import type { OnlySet } from "../../src/checks.ts";
import type { LockRequestOptions } from "../../src/web_locks/options.ts";
import { beginCall, judgeRejection } from "./calls.ts";
import { THIEF } from "./ledger.ts";
import { type Place, Program, type ProgramContext, type Streams } from "./program.ts";
import { beginRequest, type Manner, type Requested, watchLoss } from "./requests.ts";
import { isCalm } from "./scenario.ts";
import { type LockWish, optionsOf, Wishes } from "./wishes.ts";
import { Work } from "./work.ts";

/** What an abort may take to end a wait: its timer, and no request. */
const ABORT_LIMIT_MS = 100;

type Wanted = OnlySet<LockRequestOptions>;
type Options = { -readonly [Key in keyof Wanted]: Wanted[Key] };

/** One such program. */
export class Requester extends Program {
  readonly #wishes: Wishes;
  readonly #work: Work;

  constructor(context: ProgramContext, place: Place, { random, wishes }: Streams) {
    super(context, place, random);
    this.#wishes = new Wishes(context.scenario, wishes);
    this.#work = new Work(context, random, this.#wishes);
  }

  protected async turn(last: boolean): Promise<void> {
    const { scenario, checker, scheduler, requests, trace, tally } = this.context;
    const { random, process, plan } = this;
    const wish = this.#wishes.next(random.pick(scenario.names));
    const manner = last ? "wait" : this.#manner(wish);
    const reason = manner === "wait" && !last && random.chance(0.4)
      ? new Error("Enough waited")
      : undefined;
    const call = beginCall(checker, process, wish, {
      wait: manner !== "ifAvailable",
      healed: last,
      reason,
      now: scheduler.now,
      markSlackMs: scenario.clocks === "right" ? 2_000 : Infinity,
    });
    const options: Options = { ...this.#options(manner), ...optionsOf(wish.shape) };
    const request = beginRequest(call, manner);
    if (reason !== undefined) options.signal = this.#abortSoon(request, reason);
    const [name] = wish.names as [string];
    if (trace.on) trace.add(process.name, `request '${name}' ${manner} ${JSON.stringify(options)}`);
    tally.add(`request: ${manner}`);
    requests.begin(request);
    let told: string;
    try {
      const answer = await this.manager.request(
        name,
        options,
        (lease) => this.#callback(request, wish, { ...plan.options, ...options }, lease, last),
      );
      told = requests.answered(request, answer);
    } catch (error) {
      call.settled = true;
      told = requests.failed(request, error) ?? judgeRejection(checker, call, error, {
        calm: isCalm(scenario),
        tampering: scenario.upsets.tampering > 0,
        timeless: plan.path.dates !== "kept",
        limited: options.maxRequests !== undefined,
        imprecise: 2 * scenario.dateErrorMs + 1_000 > scenario.leaseMs / 3,
      });
    }
    tally.add(`request: ${told}`);
    if (trace.on) trace.add(process.name, `'${name}' by ${manner}: ${told}`);
  }

  /** What runs under the lock: it works, and ends in one of the ways there are. */
  async #callback(
    request: Requested,
    wish: LockWish,
    { leaseMs, renew, maxHoldMs }: Pick<Required<Options>, "leaseMs" | "renew"> & Options,
    lease: Lease | null,
    last: boolean,
  ): Promise<unknown> {
    const { checker, requests } = this.context;
    const { process, plan, random } = this;
    const queues = !plan.workers;
    requests.called(request, lease !== null, plan.options.pollMs, queues);
    const result = {};
    if (lease === null) {
      requests.ended(request, "returned", result);
      return result;
    }
    watchLoss(checker, process, request, lease.signal);
    const held = checker.granted(process, lease, {
      ...wish,
      leaseMs: Math.min(leaseMs, 2 * (maxHoldMs ?? Infinity)),
      renewing: renew && maxHoldMs === undefined,
      warns: renew,
    });
    requests.granted(request, held, queues);
    await this.#work.use(held, last, async () => {
      if (!random.chance(0.1)) return;
      request.gaveBack = true;
      await this.#work.giveBack(held);
    });
    held.givenBack = true;
    const threw = !last && random.chance(0.25);
    const what = threw ? new Error("The callback fails") : result;
    requests.ended(request, threw ? "threw" : "returned", what);
    if (threw) throw what;
    return what;
  }

  #manner({ shape }: LockWish): Manner {
    const steal = shape === "exclusive" ? 4 : 0;
    return this.random.weighted({ wait: 5, ifAvailable: 3, steal });
  }

  #options(manner: Manner): Options {
    const { random, plan } = this;
    const { scenario: { leaseMs, profile }, healed } = this.context;
    const limits = !healed && !isCalm(this.context.scenario);
    return {
      ...(manner === "ifAvailable" && { ifAvailable: true }),
      // By what it calls itself a thief is known on the wire.
      ...(manner === "steal" ? { steal: true, owner: THIEF } : { owner: "some owner" }),
      ...(random.chance(0.4) && { leaseMs: random.whole(leaseMs, 2 * leaseMs) }),
      ...(random.chance(0.3) && { renew: random.chance(profile.renewed) }),
      ...(limits && random.chance(0.08) && { maxHoldMs: random.whole(1_000, 3 * leaseMs) }),
      ...(limits && random.chance(0.08) && { maxRequests: random.whole(1, 12) }),
      ...(plan.workers && { waitUntil: (work: Promise<unknown>) => void work }),
    };
  }

  #abortSoon({ call }: Requested, reason: Error): AbortSignal {
    const controller = new AbortController();
    const { process, random } = this;
    const { scheduler, checker, scenario } = this.context;
    checker.watch(process, controller.signal, "the signal of a request");
    process.after(random.magnitude(1, 2 * scenario.leaseMs), () => {
      call.abortedAt = scheduler.now;
      controller.abort(reason);
      if (call.settled) return;
      process.after(ABORT_LIMIT_MS, () => {
        if (!call.settled) {
          checker.accuse("an abort ends a call", `${process.name} '${call.names}'`);
        }
      });
    });
    return controller.signal;
  }
}
