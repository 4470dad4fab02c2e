/** The network between the processes and the service: takes its time, loses, doubles and damages. */

import { elementsOf, kindOf, lockElementsOf, type WireRequest } from "../support/requests.ts";
import { CUT_OFF, type Fate, fateOf, type FaultContext, NO_FAULT } from "./faults.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Answer, callOf, type Message, type Served, type Service } from "./service.ts";
import type { Tally, Trace } from "./trace.ts";
import { formOf, transactionFateOf } from "./transaction_faults.ts";

/** What stands between a machine and the service. */
export interface Path {
  /**
   * What it makes of `Date`: leaves it, takes it away always or now and then, replaces it by a cached
   * one with an `Age`, or by its own clock's.
   */
  readonly dates: "kept" | "none" | "sometimes" | "aged" | "own";
  /** How far its own clock is ahead. */
  readonly clockErrorMs: number;
  /** How much longer than usual the way back takes. */
  backMs: number;
  /** Nothing comes through. */
  cut: boolean;
}

/** How the network behaves in a run. */
export interface NetworkPlan {
  /** One way, in milliseconds: the least, and the usual most. */
  readonly latencyMs: readonly [number, number];
  /** The share of requests that meet a fault. */
  faultRate: number;
  /** The only steps of the protocol that do, if not all. */
  readonly focus: readonly string[] | undefined;
  /** How often which fault, by weight. */
  readonly faults: Readonly<Record<string, number>>;
}

/** A request that was delivered, and what it did. */
export interface Delivery {
  readonly process: Process;
  /** What it is for: a step of the protocol, or the operation's name. */
  readonly step: string;
  readonly sentAt: number;
  /** When the sender sent the same for the first time. */
  readonly firstSentAt: number;
  /** Some renewal of the same grant met a fault, or was not waited for: its end may still be written. */
  readonly doubtful: boolean;
  /** By how much the dates are wrong that something in between writes for the sender. */
  readonly dateErrorMs: number;
  /** It is a copy that the network made; the sender is not told what becomes of it. */
  readonly copy: boolean;
  readonly written: Served["written"];
}

/** What the network needs of the run. */
export interface NetworkContext {
  readonly scheduler: Scheduler;
  readonly service: Service;
  readonly random: Random;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly plan: NetworkPlan;
  readonly faults: FaultContext;
  readonly pathOf: (process: Process) => Path;
  readonly delivered: (delivery: Delivery) => void;
  /** A process has sent a request, which now is on its way. */
  readonly sent: (process: Process) => void;
  /** A process has sent the release or a check of a grant while it still waits for a renewal of that. */
  readonly beside: (process: Process, grantId: string) => void;
}

/** One request as its sender waits for it. */
interface Exchange {
  readonly process: Process;
  readonly message: Message;
  readonly fate: Fate;
  readonly sentAt: number;
  readonly firstSentAt: number;
  readonly number: number;
  /** The grant that it renews, or an empty text. */
  readonly renewed: string;
  /** Ends the wait, once. */
  readonly finish: (end: () => void) => void;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/** The steps of the protocol that are no part of an acquisition. */
const ASIDE: ReadonlySet<string> = new Set(["sweep", "revoke", "release", "guard"]);

/** The network. */
export class Network {
  readonly #context: NetworkContext;
  /** When the last delayed request will have arrived. */
  quietAt = 0;
  /** When each body was sent for the first time. */
  readonly #bodies = new Map<string, number>();
  /** The ids of grants whose renewal somebody waits for, and of those whose renewal met a fault. */
  readonly #renewing = new Set<string>();
  readonly #doubtful = new Set<string>();
  #sent = 0;

  constructor(context: NetworkContext) {
    this.#context = context;
  }

  /** Sends a request as `fetch` does. */
  send = (process: Process, _url: string, init: RequestInit): Promise<Response> => {
    return new Promise((resolve, reject) => {
      const signal = init.signal!;
      if (signal.aborted) return reject(signal.reason);
      process.waiting++;
      process.sent++;
      let over = false;
      const finish = (end: () => void) => {
        if (over) return;
        over = true;
        process.waiting--;
        signal.removeEventListener("abort", abort);
        this.#renewing.delete(renewed);
        end();
      };
      const abort = () => {
        this.#doubtful.add(renewed);
        finish(() => reject(signal.reason));
      };
      signal.addEventListener("abort", abort);
      const message = { headers: init.headers as Headers, body: init.body as string };
      const renewed = this.#watchRenewals(process, message);
      const fate = this.#fate(process, message);
      if (fate !== NO_FAULT) this.#doubtful.add(renewed);
      const sentAt = this.#context.scheduler.now;
      const number = ++this.#sent;
      const firstSentAt = this.#bodies.get(message.body) ?? sentAt;
      this.#bodies.set(message.body, firstSentAt);
      this.#context.sent(process);
      const exchange = { process, message, fate, sentAt, firstSentAt, number, renewed };
      this.#travel({ ...exchange, finish, resolve, reject });
    });
  };

  /** The grant that a request renews, or an empty text. */
  #watchRenewals(process: Process, message: Message): string {
    const call = callOf(message);
    const step = kindOf(call);
    if (ASIDE.has(step)) process.aside++;
    if (step !== "renew" && step !== "release" && step !== "guard") return "";
    const grantId = lockElementsOf(call)[0]!.input.ExpressionAttributeNames["#g"]!;
    if (step !== "renew") {
      if (this.#renewing.has(grantId)) this.#context.beside(process, grantId);
      return "";
    }
    this.#renewing.add(grantId);
    return grantId;
  }

  #fate(process: Process, message: Message): Fate {
    const { plan, random, tally, trace, faults, pathOf } = this.#context;
    if (pathOf(process).cut) {
      tally.add("fault: cut off");
      return CUT_OFF;
    }
    if (!random.chance(plan.faultRate)) return NO_FAULT;
    const call = callOf(message);
    if (plan.focus?.includes(kindOf(call)) === false) return NO_FAULT;
    const drawn = random.weighted(plan.faults);
    const items = transactionItems(call);
    const name = items > 0 ? formOf(drawn, random) : drawn;
    tally.add(`fault: ${name}`);
    process.faults++;
    if (/throttled|too many/.test(name)) process.throttles++;
    if (trace.on) trace.add(process.name, `#${this.#sent + 1} will meet: ${name}`);
    return transactionFateOf(name, random, items) ?? fateOf(name, faults);
  }

  #travel(exchange: Exchange): void {
    const { scheduler } = this.#context;
    const { fate, process } = exchange;
    const arrive = (delayMs: number, copy: boolean) => {
      const due = scheduler.now + this.#latency() + delayMs;
      this.quietAt = Math.max(this.quietAt, due);
      process.onTheWay++;
      scheduler.at(due, () => {
        process.onTheWay--;
        scheduler.touched = true;
        this.#deliver(exchange, copy);
      });
    };
    arrive(fate.thereMs ?? 0, false);
    if (fate.copyMs !== undefined) arrive(fate.copyMs, true);
  }

  /** It arrives. The promises of this are settled before anything else happens. */
  async #deliver(exchange: Exchange, copy: boolean): Promise<void> {
    const { fate, process } = exchange;
    const real = fate.arrives ? await this.#serve(exchange, copy) : undefined;
    const answer = fate.instead ?? real!;
    if (isRefusedForTime(real) && !copy) process.unheard++;
    if (copy || answer === "silence") return;
    const backMs = this.#context.pathOf(process).backMs + (fate.backMs ?? 0);
    this.#context.scheduler.after(this.#latency() + backMs, () => {
      process.post(() => this.#receive(exchange, answer));
    });
  }

  async #serve(exchange: Exchange, copy: boolean): Promise<Answer> {
    const { service, tally, trace, delivered } = this.#context;
    const { process, message, sentAt, firstSentAt, number, fate, renewed } = exchange;
    const { dates, clockErrorMs } = this.#context.pathOf(process);
    const dateErrorMs = dates === "own" ? Math.abs(clockErrorMs) : 0;
    const { call, answer, written } = await service.answer(
      message,
      fate.fault,
      fate.beside,
    );
    const step = kindOf(call);
    tally.add(`step: ${step}`);
    if (trace.on) {
      trace.add(process.name, `#${number}${copy ? " again" : ""} ${step}: ${outcomeOf(answer)}`);
    }
    const doubtful = renewed !== "" && this.#doubtful.has(renewed);
    delivered({ process, step, sentAt, firstSentAt, doubtful, dateErrorMs, copy, written });
    return answer;
  }

  #receive(exchange: Exchange, answer: Answer | "reset"): void {
    const { finish, resolve, reject, process, number, fate } = exchange;
    finish(() => {
      const { trace } = this.#context;
      if (answer === "reset") {
        if (trace.on) trace.add(process.name, `#${number} fails`);
        return reject(new TypeError("Connection reset"));
      }
      if (isRefusedForTime(answer)) process.unheard--;
      if (trace.on) trace.add(process.name, `#${number} is answered with ${answer.status}`);
      resolve(this.#response(process, answer, fate.bodyMs ?? 0));
    });
  }

  /** As much of a `Response` as a client needs; a real one costs more than the whole service. */
  #response(process: Process, answer: Answer, bodyMs: number): Response {
    const { body, status } = answer;
    const headers = this.#headers(process, answer.headers);
    const bytes = body.buffer;
    const response = {
      status,
      headers: {
        get: (name: string) => headers[name] ?? null,
        has: (name: string) => headers[name] !== undefined,
      },
      body: { cancel: () => Promise.resolve() },
      arrayBuffer: () =>
        new Promise((resolve) => {
          if (bodyMs === 0) return resolve(bytes);
          this.#context.scheduler.after(bodyMs, () => process.post(() => resolve(bytes)));
        }),
    };
    return response as unknown as Response;
  }

  #headers(process: Process, headers: Answer["headers"]): Answer["headers"] {
    const { random, pathOf, scheduler } = this.#context;
    const { dates, clockErrorMs } = pathOf(process);
    const { date, ...rest } = headers;
    if (date === undefined || dates === "kept") return headers;
    if (dates === "own") return { ...rest, date: dateOf(scheduler.now + clockErrorMs) };
    if (dates === "aged") {
      const ageMs = random.between(0, 600_000);
      const old = dateOf(scheduler.now - ageMs);
      return { ...rest, date: old, age: String(Math.floor(ageMs / 1_000)) };
    }
    return dates === "none" || random.chance(0.5) ? rest : headers;
  }

  #latency(): number {
    const { random, plan } = this.#context;
    const [least, most] = plan.latencyMs;
    return random.chance(0.05) ? random.between(least, 5 * most) : random.between(least, most);
  }
}

/** How many items a transaction has; 0 where it is none. */
function transactionItems(call: WireRequest): number {
  return call.operation === "TransactWriteItems" ? elementsOf(call).length : 0;
}

function dateOf(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Whether the service refused the signature, which in these runs is for its time alone. */
function isRefusedForTime(answer: Answer | undefined): boolean {
  return answer?.status === 400 && outcomeOf(answer) === "InvalidSignatureException";
}

function outcomeOf({ status, body }: Answer): string {
  if (status === 200) return "done";
  return /"__type":"(?:[^"]*#)?(\w+)/.exec(new TextDecoder().decode(body))?.[1] ?? String(status);
}
