/**
 * What the network and the service do to a request in a storm, and how often.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { HttpReply } from "./http.ts";
import { Deck, Random } from "./random.ts";

/** One request on its way through the proxy. */
export interface Exchange {
  readonly operation: string;
  readonly random: Random;
  readonly leaseMs: number;
  /** Where a redirect points to. Nobody may go there. */
  readonly canary: string;
  /** Sends it to DynamoDB, and again with each call. */
  forward(): Promise<HttpReply>;
  /** Sends it to DynamoDB later; nobody waits for that. */
  forwardLater(ms: number): void;
  wait(ms: number): Promise<void>;
}

/** What becomes of a request: a reply, or a connection that closes without one. */
type Fault = (exchange: Exchange) => Promise<HttpReply | undefined>;

const encoder = new TextEncoder();
const ZERO = 48; // the digit, in ASCII

/** An answer in DynamoDB's manner, with a true `Date` as all of its answers have. */
function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpReply {
  const bytes = encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
  return {
    status,
    headers: new Headers({
      "content-type": "application/x-amz-json-1.0",
      "date": new Date().toUTCString(),
      "x-amzn-requestid": crypto.randomUUID(),
      "x-amz-crc32": String(crc32(bytes)),
      ...headers,
    }),
    body: bytes,
  };
}

/** Errors of the service itself have another namespace than those of the API. */
function failure(status: 500 | 503): HttpReply {
  const name = status === 500 ? "InternalServerError" : "ServiceUnavailable";
  return answer(status, { __type: `com.amazon.coral.service#${name}`, message: "Chaos" });
}

function refusal(name: string, extra: object = {}, headers = {}): HttpReply {
  const __type = `com.amazonaws.dynamodb.v20120810#${name}`;
  return answer(400, { __type, message: "Chaos", ...extra }, headers);
}

function throttle(name: string): Fault {
  return ({ random }) => {
    const reasons = random.chance(0.5)
      ? { ThrottlingReasons: [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: "-" }] }
      : {};
    const hint = { "x-amz-retry-after": String(random.below(300)) };
    return Promise.resolve(refusal(name, reasons, random.chance(0.3) ? hint : {}));
  };
}

function conflict({ operation, random }: Exchange): Promise<HttpReply> {
  if (operation !== "TransactWriteItems") {
    return Promise.resolve(refusal("TransactionConflictException"));
  }
  // An earlier attempt of the same transaction, by its word; the client may not take it for a "no".
  if (random.chance(0.3)) return Promise.resolve(refusal("TransactionInProgressException"));
  const CancellationReasons = [{ Code: "TransactionConflict", Message: "Chaos" }, { Code: "None" }];
  return Promise.resolve(refusal("TransactionCanceledException", { CancellationReasons }));
}

/** Beyond the lease: whoever waited for it has lost the lock by then. */
function pastLease({ random, leaseMs }: Exchange): number {
  return leaseMs * random.between(1, 3);
}

function shortly({ random }: Exchange): number {
  return random.between(30, 600);
}

function delayed(when: "request" | "answer", howLong: (exchange: Exchange) => number): Fault {
  return async (exchange) => {
    const ms = howLong(exchange);
    if (when === "request") await exchange.wait(ms);
    const reply = await exchange.forward();
    if (when === "answer") await exchange.wait(ms);
    return reply;
  };
}

function altered(change: (reply: HttpReply) => HttpReply): Fault {
  return async (exchange) => change(await exchange.forward());
}

/** Changes a digit: the answer can still be read, and is wrong. Only its checksum tells. */
function damage({ status, headers, body }: HttpReply, random: Random): HttpReply {
  const damaged = new Headers(headers);
  damaged.set("x-amz-crc32", String(crc32(body)));
  const isDigit = (at: number) => body[at]! >= ZERO && body[at]! <= ZERO + 9;
  const digits = [...body.keys()].filter(isDigit);
  const changed = body.slice();
  if (digits.length === 0) changed[0]! ^= 1;
  else {
    const at = random.pick(digits);
    changed[at] = ZERO + (changed[at]! - ZERO + 1) % 10;
  }
  return { status, headers: damaged, body: changed };
}

function redirect({ canary }: Exchange): HttpReply {
  return answer(307, "", { location: canary });
}

/** Only of single writes: another meets the conflict that it can meet. */
const REPLICATED = "replicated write conflict";

type Family =
  | "loss"
  | "delay"
  | "duplicate"
  | "failure"
  | "throttle"
  | "conflict"
  | "garble";

/** Every fault, in families that a storm can turn up together. */
const FAMILIES: Readonly<Record<Family, Readonly<Record<string, Fault>>>> = {
  loss: {
    "request dropped": () => Promise.resolve(undefined),
    "answer dropped": async (exchange) => void await exchange.forward(),
    /** The client sees a broken connection, and the request arrives all the same, later. */
    "request dropped, then arrives": (exchange) => {
      exchange.forwardLater(pastLease(exchange));
      return Promise.resolve(undefined);
    },
  },
  delay: {
    "request delayed": delayed("request", shortly),
    "answer delayed": delayed("answer", shortly),
    "request delayed past the lease": delayed("request", pastLease),
    "answer delayed past the lease": delayed("answer", pastLease),
  },
  duplicate: {
    "request duplicated": async (exchange) => {
      const [first] = await Promise.all([exchange.forward(), exchange.forward()]);
      return first;
    },
    "request duplicated, later": (exchange) => {
      exchange.forwardLater(exchange.random.between(100, 3 * exchange.leaseMs));
      return exchange.forward();
    },
  },
  failure: {
    "500, not applied": () => Promise.resolve(failure(500)),
    "500, applied": altered(() => failure(500)),
    "503, not applied": () => Promise.resolve(failure(503)),
    "503, applied": altered(() => failure(503)),
  },
  throttle: {
    "provisioned throughput exceeded": throttle("ProvisionedThroughputExceededException"),
    "throttled": throttle("ThrottlingException"),
    "request limit exceeded": throttle("RequestLimitExceeded"),
  },
  conflict: {
    "transaction conflict": conflict,
    [REPLICATED]: () => Promise.resolve(refusal("ReplicatedWriteConflictException")),
  },
  garble: {
    "body cut short": altered((reply) => ({ ...reply, cutAt: reply.body.length >> 1 })),
    "body empty": altered((reply) => ({ ...reply, body: new Uint8Array() })),
    "body of a web page": altered(() => answer(200, "<html>Chaos</html>")),
    "body damaged": async ({ forward, random }) => damage(await forward(), random),
    "redirected, not applied": (exchange) => Promise.resolve(redirect(exchange)),
    "redirected, applied": async (exchange) => {
      await exchange.forward();
      return redirect(exchange);
    },
  },
};

const FAULTS: ReadonlyMap<string, Fault> = new Map(
  Object.values(FAMILIES).flatMap((family) => Object.entries(family)),
);

/** The names of all faults. */
export const FAULT_NAMES: readonly string[] = [...FAULTS.keys()];

/** What a storm is like. */
export interface Profile {
  readonly name: string;
  /** The share of requests that meet a fault. */
  readonly rate: number;
  /** The family that comes five times as often as the others. */
  readonly mostly?: Family;
}

/** Every kind of storm. */
export const PROFILES: readonly Profile[] = [
  { name: "of everything", rate: 0.3 },
  { name: "of losses", rate: 0.35, mostly: "loss" },
  { name: "of delays", rate: 0.25, mostly: "delay" },
  { name: "of duplicates", rate: 0.4, mostly: "duplicate" },
  { name: "of failures", rate: 0.4, mostly: "failure" },
  { name: "of throttling", rate: 0.3, mostly: "throttle" },
  { name: "of conflicts", rate: 0.4, mostly: "conflict" },
  { name: "of garbled answers", rate: 0.35, mostly: "garble" },
];

/** The first storm brings everything; then each profile has its turn before one comes again. */
export function profileOf(seed: number, storm: number): Profile {
  const [first, ...others] = PROFILES;
  const deck = new Deck(new Random(seed, "profiles"), others.map((profile) => [profile, 1]));
  let profile = first!;
  for (let i = 1; i < storm; i++) profile = deck.draw();
  return profile;
}

const OFTEN = 5;

/** What comes when the lease has run out is what a lease is most afraid of. */
const LATE = /past the lease|, later|, then arrives/;
const LATE_TIMES = 3;

/**
 * Faults as a profile deals them; `undefined` for a request that is left alone. Each step of the
 * protocol has a deck of its own: most requests are looks of those who wait, and the faults that matter
 * most would go to waste on them.
 */
export function dealFaults(
  random: Random,
  { rate, mostly }: Profile,
): (step: string) => string | undefined {
  const weights: [string | undefined, number][] = Object.entries(FAMILIES).flatMap(
    ([family, faults]) =>
      Object.keys(faults).map((name): [string, number] => [
        name,
        (family === mostly ? OFTEN : 1) * (LATE.test(name) ? LATE_TIMES : 1),
      ]),
  );
  const faults = weights.reduce((sum, [, times]) => sum + times, 0);
  weights.push([undefined, Math.round(faults * (1 - rate) / rate)]);
  const decks = new Map<string, Deck<string | undefined>>();
  return (step) => {
    if (!decks.has(step)) decks.set(step, new Deck(random, weights));
    return decks.get(step)!.draw();
  };
}

/** The fault that was met least. */
export function rarestFault(met: ReadonlyMap<string, number>): string {
  return [...met].reduce((one, other) => (other[1] < one[1] ? other : one))[0];
}

/** The fault that a request of this operation can meet in the place of another. */
export function fitting(name: string, operation: string): string {
  return name === REPLICATED && operation !== "UpdateItem" ? "transaction conflict" : name;
}

/** Lets a request meet a fault. */
export function meet(name: string, exchange: Exchange): Promise<HttpReply | undefined> {
  return FAULTS.get(name)!(exchange);
}
