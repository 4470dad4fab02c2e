/**
 * Watches a run from outside: what callers are told, against what the service did. It reads leases as
 * a caller would, and knows nothing of the inside of a manager.
 */

import type { LockEvent } from "../../src/events.ts";
import type { Lease } from "../../src/lease/lease.ts";
import { type Asked, brokenBy, describe, grantOf, type Held, isRemoved } from "./held.ts";
import { type Grant, Ledger } from "./ledger.ts";
import { watchListeners } from "./listeners.ts";
import type { Process } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

/** What may go by between two looks at a clock. */
const LOOKS_MS = 1;

/** A broken rule. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
  /** True time since the start of the run. */
  readonly at: number;
}

/** Clean-ups of a process that fail. */
interface Trouble {
  readonly process: Process;
  /** When the first of them failed. */
  readonly since: number;
  /** When what is cleaned up had ended, which the first attempt followed. */
  readonly begun: number;
  /** Whether it has given up for good. */
  readonly final: boolean;
}

/** What the checker needs of the run. */
export interface CheckerContext {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  /** The shortest lease of the run. */
  readonly shortestLeaseMs: number;
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
  readonly #context: CheckerContext;
  readonly #start: number;
  /** Leases that were handed out and are not known to have ended, by name. */
  readonly #live = new Map<string, Held[]>();
  /** When each acquisition ended without a lease, or its lease did, by process and ticket. */
  readonly #ended = new Map<string, number>();
  /** The lease that was handed out first of those that share a grant. */
  readonly #first = new Map<Grant, Held>();
  readonly #troubles = new Map<string, Trouble>();
  /** Processes whose manager has said that it is closed. */
  readonly #closed: Process[] = [];
  readonly #signals: { readonly process: Process; readonly what: string; count(): number }[] = [];

  constructor(context: CheckerContext) {
    this.#context = context;
    this.#start = context.scheduler.now;
    this.ledger = new Ledger(
      (rule, text) => this.accuse(rule, text),
      () => context.scheduler.now,
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
      ...{ lease, process, shape, grants },
      // What was entered first goes on as it is.
      leaseMs: first?.leaseMs ?? leaseMs,
      renewing: first?.renewing ?? renewing,
      nested: first !== undefined,
      reentrant,
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
  }

  /** A manager has said that it is closed: nothing of it is under way, nor ever will be. */
  closed(process: Process): void {
    this.#closed.push(process);
  }

  /** A manager told something. */
  told(process: Process, event: LockEvent): void {
    if (event.type === "lost") this.#lost(process, event);
    if (/^(lost|fail|miss|release)$/.test(event.type) && "ticket" in event) {
      this.#ended.set(`${process.tag} ${event.ticket}`, this.#context.scheduler.now);
    }
    if (event.type === "renew") {
      this.#renewed(process, event.name, event.fencingToken, event.remainingMs);
    }
    if (event.type !== "trouble") return;
    if (event.step === "renew") this.#renewed(process, event.name, undefined);
    if (event.step !== "clean-up") return;
    const { now } = this.#context.scheduler;
    const ended = this.#ended.get(`${process.tag} ${event.ticket}`) ?? now;
    for (const name of event.names) {
      const key = `${process.tag} ${name}`;
      const { since, begun } = this.#troubles.get(key) ?? { since: now, begun: ended };
      const final = event.code !== "UNAVAILABLE";
      this.#troubles.set(key, { process, since, begun: Math.min(begun, ended), final });
    }
  }

  /** A renewal was answered, or with no token failed: of a lease that has not ended. */
  #renewed(
    process: Process,
    name: string,
    token: number | undefined,
    remainingMs = 0,
  ): void {
    const running = this.#living(name).filter((held) =>
      held.process === process && !held.givenBack
    );
    const held = running.find(({ lease }) => lease.fencingToken === token);
    if (held !== undefined) {
      // One that took nearly a lease leaves no time for the next.
      held.renewedAt = remainingMs > 0.6 * held.leaseMs
        ? { faults: process.faults, throttles: process.throttles }
        : undefined;
    } else if (token !== undefined || running.length === 0) {
      this.accuse("nothing is renewed after its end", `${process.name} told of '${name}' ${token}`);
    }
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
    for (const [key, { process }] of this.#troubles) {
      // The next clean-up is another one. What a paused process has left is looked at when it goes on.
      if (process.idle && !process.paused) this.#troubles.delete(key);
    }
    for (const { name, alive, waiting, timers } of this.#closed) {
      if (alive && waiting + timers > 0) this.accuse("closing waits for everything", name);
    }
  }

  #lookAt(name: string, running: Held[]): void {
    // A paused process asks nothing; it is asked when it goes on, before anything of it runs.
    const ended = running.filter(({ process, lease }) => !process.paused && !lease.held);
    const believers = running.filter((held) =>
      !held.process.paused && !ended.includes(held) &&
      grantOf(held, name)?.excuse !== "operator"
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
    const trouble = this.#troubles.get(`${process.tag} ${name}`);
    const { scheduler, shortestLeaseMs } = this.#context;
    // A clean-up gives up after two leases, of which its first call may take one, or where it cannot help.
    const { since = Infinity, begun = Infinity, final = false } = trouble ?? {};
    const { now } = scheduler;
    // One of a manager that is closed tries once more, and ends with it.
    const lastTry = process.closing && trouble !== undefined;
    if (final || lastTry || now - since > shortestLeaseMs || now - begun > 1.98 * shortestLeaseMs) {
      grant.excuse = "gave up";
      return;
    }
    this.accuse("nothing stays behind", `${process.name} has left ${grant.id} of '${name}'`);
  }

  #lost(process: Process, event: LockEvent & { type: "lost" }): void {
    const { name, fencingToken, code } = event;
    const grant = this.ledger.find(name, fencingToken);
    const text = `${process.name} lost '${name}' ${fencingToken}: ${code}`;
    const held = this.#living(name).find(({ lease }) => lease.fencingToken === fencingToken);
    if (this.#context.calm && held?.renewing) this.accuse("calm leases last", text);
    if (grant === undefined || grant.excuse !== undefined) return;
    if (this.#context.steady && code === "LEASE_EXPIRED" && held?.renewing && held.renewedAt) {
      const faults = process.faults - held.renewedAt.faults;
      const throttles = process.throttles - held.renewedAt.throttles;
      if (faults <= 2 && throttles === 0) {
        this.accuse("a lease bears two faults", `${text} after ${faults}`);
      }
    }
    const taken = grant.end === "taken over";
    // Every loss has a reason, and the one that is told is the true one.
    if (code === "LEASE_STOLEN" ? !taken : code !== "LEASE_EXPIRED") {
      this.accuse("losses are told as they are", `${text}, but it is ${grant.end ?? "there"}`);
    }
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
