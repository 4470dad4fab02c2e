/** A program that wants to know who leads. */

import { type Leader, observeLeader } from "../../src/election.ts";
import { isLockError } from "../../src/errors.ts";
import { beginCall, judgeRejection } from "./calls.ts";
import { type Place, Program, type ProgramContext, type Streams } from "./program.ts";
import { isCalm } from "./scenario.ts";

/** How often it looks whether it may stop, at the end. */
const LOOK_MS = 50;

/** For how long the table must not answer before an observer may give up, by a clock that is 1 % off. */
const SILENT_MS = 59_000;

/** One observer. */
export class Observer extends Program {
  failed = false;
  /** The token of the leader that it was told of last. */
  sees: number | undefined;
  /** The greatest token that it was told of in this turn. */
  #greatest = 0;

  constructor(context: ProgramContext, place: Place, { random }: Streams) {
    super(context, place, random);
    context.election.observers.push(this);
  }

  protected async turn(last: boolean): Promise<void> {
    const { scenario, checker, scheduler, tally, trace } = this.context;
    const { process, random, plan } = this;
    const name = random.pick(scenario.names);
    const reason = new Error("Enough observed");
    const controller = new AbortController();
    checker.watch(process, controller.signal, "the signal of an observer");
    const aborting = !last && random.chance(0.5);
    const call = beginCall(checker, process, { names: [name], shape: "exclusive" }, {
      ...{ wait: true, healed: last, reason, now: scheduler.now, markSlackMs: 0 },
    });
    const pollMs = random.whole(100, 800);
    const options = { locks: this.manager, signal: controller.signal, pollMs };
    const iterator = observeLeader(name, options)[Symbol.asyncIterator]();
    let told = "left";
    this.sees = undefined;
    this.failed = false;
    this.#greatest = 0;
    this.#endSoon(last, () => {
      if (!aborting) return void iterator.return!();
      call.abortedAt = scheduler.now;
      controller.abort(reason);
    });
    try {
      let before: Leader | null | undefined;
      for (;;) {
        const from = scheduler.now;
        const { done, value } = await iterator.next();
        if (done) break;
        this.#judge(name, from, value, before);
        before = value;
        this.sees = value?.fencingToken;
      }
    } catch (error) {
      const silent = isLockError(error) && error.code === "UNAVAILABLE";
      const text = `${process.name} after ${scheduler.now - call.startedAt} ms: ${error}`;
      if (silent && scheduler.now - call.startedAt < SILENT_MS) {
        checker.accuse("an observer bears a silent table for a minute", text);
      }
      told = judgeRejection(checker, call, error, {
        calm: isCalm(scenario),
        tampering: scenario.upsets.tampering > 0,
        timeless: plan.path.dates !== "kept",
        ...{ limited: false, imprecise: false },
      });
      this.failed = last && told !== "aborted";
    }
    tally.add(`observer: ${told}`);
    if (trace.on) trace.add(process.name, `observing '${name}': ${told}`);
  }

  /** It leaves after some time; the last time when everybody knows who leads. */
  #endSoon(last: boolean, leave: () => void): void {
    const { process, random, round } = this;
    const { election, scenario } = this.context;
    if (!last) return process.after(random.between(50, 6 * scenario.leaseMs), leave);
    const look = () => election.isOver(round) ? leave() : process.after(LOOK_MS, look);
    look();
  }

  /** What it is told was true at some moment since it asked, and is new. */
  #judge(
    name: string,
    from: number,
    leader: Leader | null,
    before: Leader | null | undefined,
  ): void {
    const { checker, tally, trace } = this.context;
    const { ledger } = checker;
    const token = leader?.fencingToken;
    const text = `${this.process.name} is told ${token ?? "nobody"} of '${name}'`;
    if (trace.on) trace.add(this.process.name, `is told that ${leader?.ownerId ?? "nobody"} leads`);
    tally.add(leader === null ? "observer: nobody" : "observer: a leader");
    const same = leader?.fencingToken === before?.fencingToken && leader?.data === before?.data;
    if (before !== undefined && same) checker.accuse("an observer is told of changes", text);
    if (leader === null) {
      for (const grant of ledger.present(name)) {
        // Handed out before it was looked for, and held to this moment.
        const held = grant.excuse === undefined ? checker.believer(grant) : undefined;
        if (held !== undefined && held.at <= from) {
          checker.accuse("who leads is not said to be gone", text);
        }
      }
      return;
    }
    const grant = ledger.find(name, leader.fencingToken);
    if (grant?.owner !== leader.ownerId || grant.endedAt < from) {
      checker.accuse("who is said to lead has led", `${text}: ${grant?.owner} ${grant?.end}`);
    }
    if (leader.fencingToken < this.#greatest) checker.accuse("no observer sees tokens fall", text);
    this.#greatest = Math.max(this.#greatest, leader.fencingToken);
  }
}
