/**
 * Watches a run from outside: what callers are told, against what the service did. It reads leases as
 * a caller would, and knows nothing of the inside of a manager.
 */

import type { LockEvent } from "../../src/events.ts";
import type { Lease } from "../../src/lease/lease.ts";
import {
  type Asked,
  brokenBy,
  describe,
  grantOf,
  type Held,
  isExcused,
  isRemoved,
} from "./held.ts";
import type { FormatRules } from "./formats.ts";
import { type Grant, Ledger } from "./ledger.ts";
import { watchListeners } from "./listeners.ts";
import { judgeLoss, judgeWarning } from "./losses.ts";
import type { Process } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";
import { Troubles } from "./troubles.ts";
import type { Violation } from "./violation.ts";

/** What may go by between two looks at a clock. */
const LOOKS_MS = 1;

/** What the checker needs of the run. */
export interface CheckerContext {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  /** The shortest lease of the run. */
  readonly shortestLeaseMs: number;
  /** What the record format cannot keep. */
  readonly rules: FormatRules;
  /** Nothing goes wrong in this run, so that nobody may lose anything. */
  readonly calm: boolean;
  /** Only the network may make a renewed lease run out, by failing three times in a row. */
  readonly steady: boolean;
}

/** The checker of one run. */
export class Checker {
  readonly ledger: Ledger;
  /** The first rule that was broken. */
  violation: Violation | undefined;
  /** How many requests took a lock for nobody, in a format that has no means against that. */
  strays = 0;
  readonly #context: CheckerContext;
  readonly #start: number;
  /** Leases that were handed out and are not known to have ended, by name. */
  readonly #live = new Map<string, Held[]>();
  /** The lease that was handed out first of those that share a grant. */
  readonly #first = new Map<Grant, Held>();
  readonly #troubles: Troubles;
  /** Processes whose manager has said that it is closed. */
  readonly #closed: Process[] = [];
  readonly #signals: { readonly process: Process; readonly what: string; count(): number }[] = [];

  constructor(context: CheckerContext) {
    this.#context = context;
    this.#start = context.scheduler.now;
    this.#troubles = new Troubles(context.scheduler);
    this.ledger = new Ledger(
      (rule, text) => this.accuse(rule, text),
      () => context.scheduler.now,
      context.rules,
    );
  }

  /** Says that a rule is broken. The first one counts: what follows may follow from it. */
  accuse(rule: string, text: string): void {
    const { trace, scheduler } = this.#context;
    trace.add("CHECK", `${rule}: ${text}`);
    this.violation ??= { rule, text, at: scheduler.now - this.#start };
  }

  /** A signal that outlives what listens to it: in the end nothing may. */
  watch(process: Process, signal: AbortSignal, what: string): void {
    this.#signals.push({ process, what, count: watchListeners(signal) });
  }

  /** A caller was handed a lease. */
  granted(process: Process, lease: Lease, asked: Asked): Held {
    const { leaseMs, renewing, names, shape, reentrant = false } = asked;
    const { name, fencingToken } = lease;
    if ([...lease.names].sort().join() !== [...new Set(names)].sort().join()) {
      this.accuse("leases are granted", `${process.name} was handed '${lease.names}' for ${names}`);
    }
    const grants = lease.names.flatMap((name) => {
      const grant = this.ledger.find(name, fencingToken);
      if (grant?.process === process && grant.shape === shape) return grant;
      const what = grant === undefined ? "nothing" : `${grant.shape} of ${grant.process?.name}`;
      const text = `${process.name} was handed '${name}' ${fencingToken} for ${shape}: ${what}`;
      this.accuse("leases are granted", text);
      return [];
    });
    if (lease.mode !== (shape === "exclusive" ? "exclusive" : "shared")) {
      this.accuse("leases are granted", `'${name}' is said to be ${lease.mode}, and is ${shape}`);
    }
    const first = grants[0] && this.#first.get(grants[0]);
    if (!lease.held || (first === undefined && lease.remainingMs < leaseMs / 2 - LOOKS_MS)) {
      const text = `${lease.remainingMs} ms of ${leaseMs} are left of '${name}' ${fencingToken}`;
      this.accuse("half left or nothing", text);
    }
    if (first !== undefined && !(reentrant && first.reentrant)) {
      this.accuse("nobody else enters a lease", describe(first));
    }
    const held: Held = {
      ...{ lease, process, shape, grants, at: this.#context.scheduler.now },
      // What was entered first goes on as it is.
      leaseMs: first?.leaseMs ?? leaseMs,
      renewing: first?.renewing ?? renewing,
      nested: first !== undefined,
      reentrant,
      warns: first?.warns ?? asked.warns ?? renewing,
      ...{ warned: false, late: false },
      signal: asked.signal ?? lease.signal,
      givenBack: false,
      renewedAt: undefined,
    };
    if (grants[0] && first === undefined) this.#first.set(grants[0], held);
    for (const name of lease.names) this.#live.set(name, [...this.#living(name), held]);
    this.watch(process, lease.signal, `the signal of '${name}' ${fencingToken}`);
    return held;
  }

  /** The caller gives a lease back: it must not believe in it from here on. */
  givenBack(held: Held): void {
    held.givenBack = true;
    if (held.lease.held) this.accuse("released is not held", describe(held));
  }

  /** A release was answered. */
  released(held: Held, answer: boolean): void {
    const left = held.grants.find((grant) => this.ledger.isIn(grant));
    // Where others may have entered it, the last of them gives it back.
    if (answer && !held.reentrant && left !== undefined) {
      this.accuse("released is gone", `${describe(held)} is still in '${left.name}'`);
    }
    if (answer || held.reentrant || held.lease.signal.reason?.code !== "LEASE_RELEASED") return;
    const own = ["released", "handed over"];
    if (held.grants.every(({ end, excuse }) => excuse === undefined && own.includes(end ?? ""))) {
      this.accuse("what was given back was not lost", describe(held));
    }
  }

  /** A manager has said that it is closed: nothing of it is under way, nor ever will be. */
  closed(process: Process): void {
    this.#closed.push(process);
  }

  /** A manager told something. */
  told(process: Process, event: LockEvent): void {
    if (event.type === "lost") this.#lost(process, event);
    if (event.type === "endangered") {
      const running = this.holding(process, event.name);
      const held = running.find(({ lease }) => lease.fencingToken === event.fencingToken);
      judgeWarning(this.#context, (rule, text) => this.accuse(rule, text), process, event, held);
    }
    this.#troubles.told(process, event);
    if (event.type === "renew") {
      this.#renewed(process, event.name, event.fencingToken, event.remainingMs);
    }
    if (event.type === "trouble" && event.step === "renew") {
      this.#renewed(process, event.name, undefined);
    }
  }

  /** A renewal was answered, or with no token failed: of a lease that has not ended. */
  #renewed(
    process: Process,
    name: string,
    token: number | undefined,
    remainingMs = 0,
  ): void {
    const running = this.holding(process, name);
    const held = running.find(({ lease }) => lease.fencingToken === token);
    if (held !== undefined) {
      held.warned = false;
      held.late = remainingMs < held.leaseMs / 2;
      // One that took nearly a lease leaves no time for the next.
      held.renewedAt = remainingMs > 0.6 * held.leaseMs
        ? { faults: process.faults, throttles: process.throttles }
        : undefined;
    } else if (token !== undefined || running.length === 0) {
      this.accuse("nothing is renewed after its end", `${process.name} told of '${name}' ${token}`);
    }
  }

  /** What callers of a process have of a name, and have not given back. */
  holding(process: Process, name: string): Held[] {
    return this.#living(name).filter((held) => held.process === process && !held.givenBack);
  }

  /** Whether a clean-up of it, or of another like it, has given up for good. */
  isGivenUp({ process, name }: Grant): boolean {
    return this.#troubles.of(process, name)?.final === true;
  }

  /** The lease of a grant that its caller believes in. */
  believer(grant: Grant): Held | undefined {
    return this.#living(grant.name).find(({ lease, process, grants, givenBack }) =>
      grants.includes(grant) && process.alive && !process.paused && !givenBack && lease.held
    );
  }

  #living(name: string): Held[] {
    return this.#live.get(name) ?? [];
  }

  /** After each event: nobody believes besides another. Answers whether any lease was asked. */
  lookAtLeases(): boolean {
    let asked = false;
    for (const [name, helds] of this.#live) {
      const running = helds.filter(({ process, givenBack }) => process.alive && !givenBack);
      if (running.length < helds.length) this.#live.set(name, running);
      // One that shares, and that somebody has removed as dead, may be alone.
      if (running.length < 2 && !running.some((held) => isRemoved(held, name))) continue;
      asked = true;
      this.#lookAt(name, running);
    }
    return asked;
  }

  /** After each event, when all promises are settled: who is idle owns nothing. */
  lookAtTable(): void {
    for (const grant of this.ledger.everybody()) this.#checkGhost(grant);
    this.#troubles.forgetIdle();
    for (const { name, alive, waiting, timers } of this.#closed) {
      if (alive && waiting + timers > 0) this.accuse("closing waits for everything", name);
    }
  }

  #lookAt(name: string, running: Held[]): void {
    // A paused process asks nothing; it is asked when it goes on, before anything of it runs.
    const ended = running.filter(({ process, lease }) => !process.paused && !lease.held);
    const believers = running.filter((held) =>
      !held.process.paused && !ended.includes(held) &&
      !isExcused(grantOf(held, name))
    );
    this.#live.set(name, running.filter((held) => !ended.includes(held)));
    const taken = ended.find(({ lease, process }) =>
      lease.signal.reason?.code === "LEASE_RELEASED" && !process.closing
    );
    if (taken !== undefined) this.accuse("nobody else releases a lease", describe(taken));
    const removed = believers.find((held) => isRemoved(held, name));
    if (removed !== undefined) this.accuse("only the dead are removed", describe(removed));
    const rule = brokenBy(believers, name);
    if (rule !== undefined) this.accuse(rule, believers.map(describe).join(" and "));
  }

  /** A grant on the table of a process that has nothing to do and believes in nothing. */
  #checkGhost(grant: Grant): void {
    const { process, excuse, name } = grant;
    if (process === undefined || excuse !== undefined) return;
    if (!process.alive || process.paused || !process.idle) return;
    const { scheduler, shortestLeaseMs, rules } = this.#context;
    if (grant.stray && rules.strays) {
      grant.excuse = "late";
      return void this.strays++;
    }
    const trouble = this.#troubles.of(process, name);
    // A clean-up gives up after two leases, of which its first call may take one, or where it cannot help.
    const { since = Infinity, begun = Infinity, final = false } = trouble ?? {};
    const { now } = scheduler;
    // One of a manager that is closed tries once more, and ends with it.
    const lastTry = process.closing && trouble !== undefined;
    const isOver = now - since > shortestLeaseMs || now - begun > 1.98 * shortestLeaseMs;
    if (final || lastTry || (isOver && !rules.endless)) {
      return void (grant.excuse = "gave up");
    }
    this.accuse("nothing stays behind", `${process.name} has left ${grant.id} of '${name}'`);
  }

  #lost(process: Process, event: LockEvent & { type: "lost" }): void {
    const { name, fencingToken } = event;
    const grant = this.ledger.find(name, fencingToken);
    const held = this.#living(name).find(({ lease }) => lease.fencingToken === fencingToken);
    const accuse = (rule: string, text: string) => this.accuse(rule, text);
    const forgotten = grant !== undefined && this.ledger.isForgotten(grant);
    judgeLoss(this.#context, accuse, process, event, { held, grant, forgotten });
  }

  /** When everybody should have come to rest: who has not, and what is still listened to. */
  leftovers(processes: readonly Process[]): void {
    for (const process of processes) {
      if (!process.alive || process.idle) continue;
      const { name, timers, waiting, working, onTheWay } = process;
      const text = `${name} has ${timers} timers, ${waiting + working} + ${onTheWay} requests`;
      this.accuse("nothing is left over", text);
    }
    for (const { process, what, count } of this.#signals) {
      if (!process.alive || count() === 0) continue;
      this.accuse("nothing is left over", `${process.name} still listens to ${what}`);
    }
  }
}
