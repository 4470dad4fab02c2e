/**
 * The record format of DynaLock, the Python package `dynalock`.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `LockId` | S | the lock's name |
 * | `TTL` | N | epoch seconds: its own clients take the lock over when their clocks are past it |
 * | `grant` | M | ours: `{id, owner, lease, end}`, by which we know our grant; theirs have none |
 *
 * An item of theirs says nothing of its holder, and theirs put theirs in place of ours without looking at
 * `grant`, which is then gone: so it shows who the lock belongs to.
 *
 * @module
 */

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
import { encode, type Known } from "./native_expressions.ts";
import { damagedRecord, type Grant, type Holder, type Item, type LockRecord } from "./record.ts";
import { msOfSeconds, secondAfter } from "./seconds.ts";
import { checkKeys, WholeItemMaker } from "./whole_items.ts";

const NAME = "dynaLock";

/** The id of a holder of theirs: this and its `TTL`. None of ours looks like that. */
const THEIRS = "TTL:";

/** Theirs take a lock over in the second after its `TTL`. */
const AFTER_TTL_MS = 1_000;

/** The grant is in, and nobody has put another item in its place. */
const IS_OURS = "#grant.#id=:id";

/** The record format of DynaLock, on a table. */
class DynaLockLayout implements Layout {
  readonly name = NAME;
  readonly abilities: LayoutAbilities = {
    ...{
      fencing: false,
      shared: false,
      permits: false,
      serverClock: true,
      guard: true,
      data: false,
    },
  };
  readonly #requests: WholeItemMaker;
  readonly #clockSkewMs: number;

  constructor(place: TablePlace, clockSkewMs: number) {
    checkKeys(place, NAME, ["TTL", "grant"]);
    this.#requests = new WholeItemMaker(place);
    this.#clockSkewMs = clockSkewMs;
  }

  acquire(name: string, grant: Grant): WriteInput {
    return this.#put(name, grant, "attribute_not_exists(#key)");
  }

  takeOver(
    name: string,
    grant: Grant,
    _seen: LockRecord,
    [dead]: readonly Holder[],
  ): WriteInput {
    const { condition, known } = asRead(dead!);
    // Exactly as it was read: one that has renewed is not dead, and nor is one that came since.
    return this.#put(name, grant, condition + (isTheirs(dead!) ? "" : " AND #grant.#end=:end"), {
      ...known,
      ":end": dead!.expires,
    });
  }

  handOver(name: string, from: GrantKey, grant: Grant): WriteInput {
    return this.#put(name, grant, IS_OURS, { ":id": from.grantId });
  }

  renew(name: string, { grantId }: GrantKey, expires: number): WriteInput {
    return this.#requests.update(
      name,
      "SET #TTL=:ttl,#grant.#end=:end",
      // Never shortens, never brings back: a late renewal can only fail.
      `${IS_OURS} AND #grant.#end<:end`,
      { ":id": grantId, ":ttl": this.#ttl(expires), ":end": expires },
    );
  }

  release(name: string, { grantId }: GrantKey): WriteInput {
    return this.#requests.remove(name, IS_OURS, { ":id": grantId });
  }

  close(): undefined {}

  revoke(name: string, holder: Holder): WriteInput {
    const { condition, known } = asRead(holder);
    return this.#requests.remove(name, condition, known);
  }

  guard(name: string, { grantId }: GrantKey): CheckInput {
    return this.#requests.check(name, IS_OURS, { ":id": grantId });
  }

  join(): never {
    throw new TypeError(`Cannot share a lock as the layout is '${NAME}'`);
  }

  mark(): never {
    return this.join();
  }

  sweep(): never {
    return this.join();
  }

  read(name: string): ReadInput {
    return this.#requests.read(name);
  }

  scan(prefix: string): ScanInput {
    return this.#requests.scan(prefix, "attribute_exists(#TTL)");
  }

  nameOf(item: Item): string {
    return this.#requests.nameOf(item);
  }

  parse(name: string, item: Item | undefined): LockRecord | undefined {
    if (item === undefined) return undefined;
    const { TTL, grant } = item;
    const ttl = msOfSeconds(TTL);
    // An end that cannot be understood is an error, and never over.
    if (ttl === undefined) throw unreadable(name, item, NAME, "TTL");
    const usual = { token: 0, mode: "exclusive" } as const;
    const holder: Holder = grant !== undefined
      ? { ...usual, ...parseGrant(name, grant as GrantMap) }
      : {
        ...usual,
        grantId: THEIRS + (TTL as { N: string }).N,
        ownerId: "DynaLock",
        expires: ttl + AFTER_TTL_MS,
        // It does not renew, so that watching it tells nothing: only the end of its time does.
        leaseMs: Infinity,
      };
    return { fence: 0, holders: [holder], rawHolders: { M: item } };
  }

  #put(name: string, grant: Grant, condition: string, known?: Known): WriteInput {
    const { grantId: id, ownerId: owner, leaseMs: lease, expires: end } = grant;
    const attributes = { TTL: this.#ttl(end), grant: { M: encode({ id, owner, lease, end }) } };
    return this.#requests.put(name, attributes, condition, known);
  }

  /** The end that theirs see: never before ours. */
  #ttl(expires: number): number {
    return secondAfter(expires + this.#clockSkewMs);
  }
}

type GrantMap = { readonly M?: Readonly<Record<string, { S?: string; N?: string } | undefined>> };

function parseGrant(
  name: string,
  { M = {} }: GrantMap,
): Pick<Holder, "grantId" | "ownerId" | "expires" | "leaseMs"> {
  const { id, owner, lease, end } = M;
  const whole = (value?: { N?: string }) => /^\d{1,16}$/.test(value?.N ?? "") && Number(value!.N);
  const [leaseMs, expires] = [whole(lease), whole(end)];
  if (!id?.S || owner?.S === undefined || leaseMs === false || expires === false) {
    throw damagedRecord(name, "grant");
  }
  return { grantId: id.S, ownerId: owner.S, expires, leaseMs };
}

function isTheirs({ grantId }: Holder): boolean {
  return grantId.startsWith(THEIRS);
}

/** That a holder is still the one who was read, as far as the format can tell. */
function asRead({ grantId }: Holder): { condition: string; known: Known } {
  if (!grantId.startsWith(THEIRS)) return { condition: IS_OURS, known: { ":id": grantId } };
  return {
    condition: "attribute_not_exists(#grant) AND #TTL=:ttl",
    known: { ":ttl": { N: grantId.slice(THEIRS.length) } },
  };
}

/**
 * The record format of DynaLock, the Python package `dynalock` (0.2 and 0.3; the condition of 0.1 lets
 * everybody in): to share its table while services move over one by one. The table is `table` of the
 * manager, with the partition key `LockId`; DynaLock knows no other. Besides DynaLock's attributes ours
 * writes one more, `grant`: DynaLock has nothing by which a holder could know its own lock. DynaLock
 * ignores it, and drops it when it takes the lock over.
 *
 * A holder of theirs is dead when DynamoDB's clock is past its `TTL` by a second and by
 * `maxClockSkewMs`: where that is infinite, or answers have no date, it never is.
 *
 * What remains of that format:
 *
 * - There are no fencing tokens, and no data beside the lock.
 * - DynaLock judges by its own wall clock. One that is ahead of DynamoDB's by more than `clockSkewMs` can
 *   take a lock that is still held.
 * - DynaLock deletes the item when it gives a lock back, whoever's it is by then. A holder of theirs that
 *   stayed past its `TTL` so deletes the lock of the next one. Ours notices at its next renewal, or when it
 *   commits by `transact`, with `LEASE_DELETED` or `LEASE_STOLEN`; another may be in meanwhile. Ours never
 *   deletes what is not its own.
 * - DynaLock does not renew: its `ttl` must be longer than what is done under the lock.
 * - A request that comes more than five seconds after its caller has gone, or after the release of a lease
 *   that another attempt of it got, can take a lock for nobody, for one lease.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When an option is out of its range.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { dynaLock } from "@x/dynamo-lock/layouts";
 * import { createTable } from "@x/dynamo-lock/table";
 *
 * // The table that its clients use already; here, one like it.
 * await createTable({ table: { name: "deploys", partitionKey: "LockId" }, timeToLive: false });
 *
 * await using locks = new LockManager({ table: "deploys", layout: dynaLock() });
 * await using lease = await locks.acquire("production");
 * console.log(lease.held); // true
 * ```
 */
export function dynaLock(options: WallClockOptions = {}): LayoutChoice {
  const clockSkewMs = clockSkewOf(NAME, options);
  return choose(
    NAME,
    { partitionKey: "LockId" },
    (place) => new DynaLockLayout(place, clockSkewMs),
  );
}
