/**
 * The record format of the Python package `dynamo-dlm`: one item for each slot that a holder is in.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `resource_id` | S | the lock's name |
 * | `concurrency_id` | N | the slot, from 0 to one less than how many may hold it at once |
 * | `release_code` | S | a text that only the holder knows; ours begins with the grant's id |
 * | `expires` | N | epoch seconds: its own clients take the slot when their clocks have reached it |
 *
 * A write is about one slot, and what comes back from one that failed shows that slot only: who else is in
 * is read by a `Query`.
 *
 * @module
 */

import { refuse } from "../checks.ts";
import { clockSkewOf, type WallClockOptions } from "./clock_options.ts";
import { unreadable } from "./foreign.ts";
import {
  type CheckInput,
  choose,
  type GrantKey,
  type Layout,
  type LayoutAbilities,
  type LayoutChoice,
  type ReadInput,
  type ScanInput,
  type TablePlace,
  type WriteInput,
} from "./layout.ts";
import type { Known } from "./native_expressions.ts";
import type { Grant, Holder, Item, LockRecord } from "./record.ts";
import { msOfSeconds, secondAfter } from "./seconds.ts";
import { SlotMemory } from "./slots.ts";
import { checkKeys, WholeItemMaker } from "./whole_items.ts";

const NAME = "dynamoDlm";

/** The sort key. Its client knows no other name. */
const SLOT = "concurrency_id";

const FREE = "attribute_not_exists(#key)";

/** The slot is the grant's. */
const IS_OURS = "begins_with(#code,:prefix)";

/** The slot is a holder's, one of ours or of theirs. */
const IS_WHOSE = `(#code=:code OR ${IS_OURS})`;

/** What the codes of a grant begin with, and none of another grant. */
function prefixOf(grantId: string): string {
  return `${grantId}:`;
}

/** The record format of `dynamo-dlm`, on a table. */
class DynamoDlmLayout implements Layout {
  readonly name = NAME;
  readonly abilities: LayoutAbilities = {
    ...{
      fencing: false,
      shared: false,
      permits: true,
      serverClock: true,
      guard: true,
      data: false,
    },
  };
  readonly #requests: WholeItemMaker;
  readonly #slots = new SlotMemory();
  readonly #clockSkewMs: number;

  constructor(place: TablePlace, clockSkewMs: number) {
    checkKeys(place, NAME, [SLOT, "release_code", "expires"]);
    this.#requests = new WholeItemMaker(place, { code: "release_code" });
    this.#clockSkewMs = clockSkewMs;
  }

  acquire(name: string, grant: Grant, seen?: LockRecord): WriteInput {
    return this.#take(name, grant, seen?.holders);
  }

  join(name: string, grant: Grant, seen?: LockRecord): WriteInput {
    return this.#take(name, grant, seen?.holders);
  }

  takeOver(
    name: string,
    grant: Grant,
    { holders }: LockRecord,
    dead: readonly Holder[],
  ): WriteInput {
    return this.#take(name, grant, holders, dead);
  }

  handOver(name: string, from: GrantKey, grant: Grant): WriteInput {
    const slot = this.#slots.of(name, from);
    return this.#put(name, slot, grant, IS_OURS, { ":prefix": prefixOf(from.grantId) });
  }

  renew(name: string, grant: GrantKey, expires: number): WriteInput {
    return this.#at(
      this.#slots.of(name, grant),
      this.#requests.update(
        name,
        "SET #expires=:e",
        // Never shortens; two in one second write the same end.
        `${IS_OURS} AND #expires<=:e`,
        { ":prefix": prefixOf(grant.grantId), ":e": this.#end(expires) },
      ),
    );
  }

  release(name: string, grant: GrantKey): WriteInput {
    const known = { ":prefix": prefixOf(grant.grantId) };
    return this.#at(this.#slots.of(name, grant), this.#requests.remove(name, IS_OURS, known));
  }

  close(): undefined {}

  sweep(name: string, [dead]: readonly Holder[]): WriteInput {
    const { slot, condition, known } = asRead(dead!);
    return this.#at(slot, this.#requests.remove(name, condition, known));
  }

  revoke(name: string, holder: Holder): WriteInput {
    const { slot, known } = asRead(holder);
    return this.#at(slot, this.#requests.remove(name, IS_WHOSE, known));
  }

  guard(name: string, grant: GrantKey): CheckInput {
    const known = { ":prefix": prefixOf(grant.grantId) };
    return this.#at(this.#slots.of(name, grant), this.#requests.check(name, IS_OURS, known));
  }

  mark(): never {
    throw new TypeError(`Cannot share a lock as the layout is '${NAME}'`);
  }

  read(name: string): ReadInput {
    return this.#requests.query(name);
  }

  scan(prefix: string): ScanInput {
    return this.#requests.scan(prefix, "attribute_exists(#code)");
  }

  nameOf(item: Item): string {
    return this.#requests.nameOf(item);
  }

  parse(name: string, item: Item | undefined, others?: readonly Item[]): LockRecord | undefined {
    const items = others ?? (item === undefined ? [] : [item]);
    if (items.length === 0) return undefined;
    return {
      ...{ fence: 0, holders: items.map((one) => parseSlot(name, one)), anyPermits: true },
      rawHolders: { L: items.map((M) => ({ M })) },
      partial: others === undefined,
    };
  }

  /** Takes a slot that nobody is in, or one of the dead. */
  #take(
    name: string,
    grant: Grant,
    holders: readonly Holder[] = [],
    dead: readonly Holder[] = [],
  ): WriteInput {
    const inside = new Map(holders.map((holder) => [holder.slot, holder]));
    const open = [...Array(grant.permits ?? 1).keys()].filter((slot) =>
      !inside.has(slot) || dead.includes(inside.get(slot)!)
    );
    // The first one where nothing is known; else any, so that callers do not all try the same.
    const choice = holders.length === 0 ? 0 : parseInt(grant.grantId.slice(-8), 16) % open.length;
    const slot = open[choice] ?? 0;
    const gone = inside.get(slot);
    if (gone === undefined) return this.#put(name, slot, grant, FREE);
    const { condition, known } = asRead(gone);
    return this.#put(name, slot, grant, condition, known);
  }

  #put(name: string, slot: number, grant: Grant, condition: string, known?: Known): WriteInput {
    const { grantId, ownerId, expires } = grant;
    this.#slots.keep(name, grant, slot);
    return this.#requests.put(
      name,
      { [SLOT]: slot, code: prefixOf(grantId) + ownerId, expires: this.#end(expires) },
      condition,
      known,
    );
  }

  /** Makes a request one about a slot. */
  #at<T extends { readonly Key?: Item }>(slot: number, input: T): T {
    return { ...input, Key: { ...input.Key, [SLOT]: { N: `${slot}` } } };
  }

  /** The end that others see: never before ours. */
  #end(expires: number): number {
    return secondAfter(expires + this.#clockSkewMs);
  }
}

function parseSlot(name: string, item: Item): Holder {
  const code = (item.release_code as { S?: string } | undefined)?.S;
  const expires = msOfSeconds(item.expires);
  const slot = (item[SLOT] as { N?: string } | undefined)?.N;
  if (code === undefined || expires === undefined || slot === undefined) {
    // An end that cannot be understood is an error, and never over.
    const attribute = code === undefined
      ? "release_code"
      : expires === undefined
      ? "expires"
      : SLOT;
    throw unreadable(name, item, NAME, attribute);
  }
  const [, grantId = code, ownerId = "dynamo-dlm"] = /^([0-9a-f]{32}):(.*)$/s.exec(code) ?? [];
  return {
    ...{ grantId, ownerId, expires, slot: Number(slot), token: 0, mode: "shared" },
    // Two renewals in one second look the same, and theirs do not renew: watching tells nothing.
    leaseMs: Infinity,
  };
}

/** That a holder is still there, and with the same end. */
function asRead({ grantId, expires, slot = 0 }: Holder): {
  slot: number;
  condition: string;
  known: Known;
} {
  const known = { ":code": grantId, ":prefix": prefixOf(grantId), ":e": expires / 1_000 };
  return { slot, condition: `${IS_WHOSE} AND #expires=:e`, known };
}

/**
 * The record format of the Python package `dynamo-dlm` (2.0 and 2.1): to share its table while services
 * move over one by one. Its own table is `dynamo_dlm_locks`, with the keys `resource_id` and
 * `concurrency_id`, a number. Its `concurrency` is `permits` here; without `permits` a lock is exclusive,
 * as with a `concurrency` of 1. All callers of a lock must say the same: the items do not tell, and so
 * all holders are shown as `"shared"`.
 *
 * A holder is dead when DynamoDB's clock is past `expires` by `maxClockSkewMs`: where that is infinite, or
 * answers have no date, it never is.
 *
 * What remains of that format:
 *
 * - There are no fencing tokens, and no data beside the lock.
 * - Its own callers judge by their wall clocks. One whose clock is ahead of DynamoDB's by more than
 *   `clockSkewMs` can take a slot that is still held.
 * - They do not renew: their `duration` must be longer than what is done under the lock.
 * - Where callers disagree about how many may hold a lock, a caller of theirs sees only the slots that it
 *   knows of. Ours counts the holders in all slots, but only when it finds its first one taken.
 * - A request that comes more than five seconds after its caller has gone, or after the release of a lease
 *   that another attempt of it got, can take a slot for nobody, for one lease; and for longer where the
 *   clock of DynamoDB is not known.
 * - A lock that is taken at the first try costs one request, a contended one a `Query` more.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When an option is out of its range.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { DynamoClient } from "@x/dynamo-lock/client";
 * import { dynamoDlm } from "@x/dynamo-lock/layouts";
 *
 * // The table that its clients use already; here, one like it.
 * await new DynamoClient().send("CreateTable", {
 *   TableName: "dynamo_dlm_locks",
 *   BillingMode: "PAY_PER_REQUEST",
 *   AttributeDefinitions: [
 *     { AttributeName: "resource_id", AttributeType: "S" },
 *     { AttributeName: "concurrency_id", AttributeType: "N" },
 *   ],
 *   KeySchema: [
 *     { AttributeName: "resource_id", KeyType: "HASH" },
 *     { AttributeName: "concurrency_id", KeyType: "RANGE" },
 *   ],
 * });
 *
 * await using locks = new LockManager({ layout: dynamoDlm() });
 * await using one = await locks.acquire("printers", { permits: 2 });
 * await using two = await locks.acquire("printers", { permits: 2 });
 * console.log(one.held, two.held); // true true
 * ```
 */
export function dynamoDlm(options: WallClockOptions = {}): LayoutChoice {
  const clockSkewMs = clockSkewOf(NAME, options);
  return choose(NAME, { name: "dynamo_dlm_locks", partitionKey: "resource_id" }, (place) => {
    if (place.sortKey !== undefined) {
      const must = `absent: it is '${SLOT}'`;
      refuse(TypeError, `use the layout '${NAME}'`, "sortKey", must, place.sortKey);
    }
    return new DynamoDlmLayout(place, clockSkewMs);
  });
}
