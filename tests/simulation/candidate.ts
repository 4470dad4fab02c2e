/** A program that stands for the lead, and does something while it has it. */

import { campaign, type Term } from "../../src/election.ts";
import { isLockError } from "../../src/errors.ts";
import { beginCall, judgeRejection } from "./calls.ts";
import type { Held } from "./held.ts";
import { type Place, Program, type ProgramContext, type Streams } from "./program.ts";
import { isCalm } from "./scenario.ts";
import { Wishes } from "./wishes.ts";
import { Work } from "./work.ts";

/** How often those who lead at the end look whether they may stop. */
const LOOK_MS = 50;

/** What passes by itself: a campaign goes on. */
const PASSING: ReadonlySet<unknown> = new Set(["UNAVAILABLE", "LEASE_TOO_SHORT"]);

/** One campaign. */
interface Campaign {
  readonly last: boolean;
  readonly name: string;
  readonly controller: AbortController;
  readonly leaseMs: number;
  readonly maxHoldMs: number | undefined;
  /** How many of its callbacks run. */
  running: number;
  /** What a callback threw; and whether it led then, so that the campaign must end. */
  thrown: unknown;
  failing: boolean;
}

/** One candidate. */
export class Candidate extends Program {
  failed = false;
  readonly #owner: string;
  readonly #work: Work;

  constructor(context: ProgramContext, place: Place, { random, wishes }: Streams) {
    super(context, place, random);
    this.#owner = ownerOf(place);
    this.#work = new Work(context, random, new Wishes(context.scenario, wishes));
    context.election.candidates.push(this);
  }

  protected async turn(last: boolean): Promise<void> {
    const { scenario, checker, scheduler, trace, tally } = this.context;
    const { process, random, plan } = this;
    const name = random.pick(scenario.names);
    const reason = new Error("Enough campaigned");
    const controller = new AbortController();
    checker.watch(process, controller.signal, "the signal of a campaign");
    const own: Campaign = {
      ...{ last, name, controller, running: 0, thrown: undefined, failing: false },
      leaseMs: random.whole(scenario.leaseMs, 2 * scenario.leaseMs),
      maxHoldMs: !last && random.chance(0.1)
        ? random.whole(1_000, 3 * scenario.leaseMs)
        : undefined,
    };
    const call = beginCall(checker, process, { names: [name], shape: "exclusive" }, {
      ...{ wait: true, healed: last, reason, now: scheduler.now, markSlackMs: 0 },
    });
    process.kept++;
    this.failed = false;
    this.#endSoon(own, () => {
      call.abortedAt = scheduler.now;
      controller.abort(reason);
    });
    const { leaseMs, maxHoldMs } = own;
    const options = {
      ...{ locks: this.manager, signal: controller.signal, leaseMs, owner: this.#owner },
      ...(maxHoldMs !== undefined && { maxHoldMs }),
      ...(random.chance(0.5) && { data: "some data" }),
      pauseMs: random.whole(0, 1_500),
    };
    if (trace.on) trace.add(process.name, `campaigns for '${name}' ${leaseMs} ${maxHoldMs}`);
    try {
      await campaign(name, options, (term) => this.#lead(own, term))
        .finally(() => process.kept--);
      checker.accuse("a campaign never ends without a reason", process.name);
    } catch (error) {
      const text = `${process.name} got ${error} for '${name}'`;
      if (own.running > 0) checker.accuse("a campaign waits for its callback", text);
      let told = "its callback's error";
      if (own.thrown === undefined || error !== own.thrown) {
        told = judgeRejection(checker, call, error, {
          calm: isCalm(scenario),
          tampering: scenario.upsets.tampering > 0,
          timeless: plan.path.dates !== "kept",
          ...{ limited: false, imprecise: false },
        });
        this.failed = last && told !== "aborted";
      } else if (!own.failing && !process.closing) {
        checker.accuse("an error after a loss ends no campaign", text);
      }
      if (isLockError(error) && PASSING.has(error.code)) {
        checker.accuse("a campaign bears what passes", text);
      }
      tally.add(`campaign: ${told}`);
      if (trace.on) trace.add(process.name, `campaign for '${name}': ${told}`);
    }
  }

  /** A campaign ends after some time; the last one when everybody knows who leads. */
  #endSoon(own: Campaign, abort: () => void): void {
    const { process, random, round } = this;
    const { election, scenario } = this.context;
    if (!own.last) return process.after(random.between(50, 6 * scenario.leaseMs), abort);
    const look = () => election.isOver(round) ? abort() : process.after(LOOK_MS, look);
    look();
  }

  /** What a leader does. */
  async #lead(own: Campaign, term: Term): Promise<void> {
    const { checker, tally, trace } = this.context;
    const { process } = this;
    const text = `${process.name} '${term.name}' ${term.fencingToken}`;
    if (++own.running > 1) checker.accuse("a candidate runs one callback", text);
    if (own.failing) checker.accuse("an error of the callback ends a campaign", text);
    own.thrown = undefined;
    if (!term.leading || term.signal.aborted) checker.accuse("a term begins in the lead", text);
    if (trace.on) trace.add(process.name, `leads by ${term.fencingToken}`);
    tally.add("term: begun");
    const held = checker.granted(process, term.lease, {
      ...{ names: [own.name], shape: "exclusive", leaseMs: leaseOf(own), warns: true },
      ...{ renewing: own.maxHoldMs === undefined, signal: term.signal },
    });
    try {
      await this.#serve(own, term, held);
    } finally {
      own.running--;
      // As the campaign sees it right after this.
      own.failing = own.thrown !== undefined && term.leading && !own.controller.signal.aborted &&
        !process.closing;
      held.givenBack = true;
    }
  }

  async #serve(own: Campaign, term: Term, held: Held): Promise<void> {
    const { scenario, scheduler, checker, tally, election } = this.context;
    const { process, random } = this;
    const last = own.last && this.context.healed;
    if (last) election.leader = held;
    const heeds = last || random.chance(0.8);
    const end = last
      ? Infinity
      : scheduler.now + scenario.leaseMs * random.magnitude(...scenario.profile.hold);
    while (
      scheduler.now < end && (last || !this.context.healed) && !(heeds && term.signal.aborted)
    ) {
      const pauseMs = last ? LOOK_MS : random.magnitude(20, scenario.leaseMs / 2);
      await process.sleep(Math.min(end - scheduler.now, pauseMs));
      checker.lookAtLeases();
      if (term.leading !== held.lease.held || (!term.leading && !term.signal.aborted)) {
        checker.accuse("a loss is told by the signal", `${process.name} ${term.fencingToken}`);
      }
      if (own.controller.signal.aborted && !term.signal.aborted) {
        checker.accuse(
          "the end of a campaign ends its term",
          `${process.name} ${term.fencingToken}`,
        );
      }
      if (!last && term.leading) await this.#work.do(held, last);
    }
    const how = last ? "return" : random.weighted({ return: 4, resign: 2, throw: 2 });
    tally.add(`term: ${how}`);
    if (how === "resign") await this.#resign(term, held);
    if (how === "throw") throw own.thrown = new Error("The callback fails");
  }

  async #resign(term: Term, held: Held): Promise<void> {
    const { checker } = this.context;
    const led = term.leading;
    const resigned = term.resign();
    checker.givenBack(held);
    if (led && !term.signal.aborted) {
      checker.accuse("who resigns is told by the signal", this.#owner);
    }
    await resigned.then((answer) => checker.released(held, answer)).catch(() => {});
    await this.process.sleep(this.random.between(0, 100));
  }
}

/** What a candidate calls itself. */
function ownerOf({ process, index }: Pick<Place, "process" | "index">): string {
  return `candidate ${process.name} ${index}`;
}

function leaseOf({ leaseMs, maxHoldMs = Infinity }: Campaign): number {
  return Math.min(leaseMs, 2 * maxHoldMs);
}
