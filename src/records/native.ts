/**
 * The record of this package: one item a name, one format for every kind of lock.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `key` | S | the prefix and the lock's name (the attribute's own name can be configured) |
 * | `format` | N | `1` |
 * | `fence` | N | the greatest token ever granted or proposed |
 * | `holders` | M | grant id -> `{t: token, m: mode, o: owner, e: expires, l: lease, d?: data}` |
 * | `exclusive` | S | the grant id of the exclusive holder; absent otherwise |
 * | `permits` | N | how many may hold a semaphore at once; absent otherwise |
 * | `waiting` | N | until when new shared holders stand back for an exclusive one that waits |
 * | `purge` | N | epoch seconds, 30 days after the lease's end: the table's TTL attribute |
 *
 * A release takes the holder out and leaves the item, so that tokens go on rising.
 *
 * @module
 */

import type {
  CheckInput,
  GrantKey,
  Layout,
  LayoutAbilities,
  ReadInput,
  ScanInput,
  TablePlace,
  WriteInput,
} from "./layout.ts";
import {
  ADD,
  become,
  encode,
  IS_ABSENT,
  IS_BELOW,
  IS_IN,
  type Known,
  leave,
  NO_EXCLUSIVE,
  removal,
  rightOfWay,
  TAKE,
} from "./native_expressions.ts";
import { FORMAT, parseItem } from "./native_item.ts";
import { RequestMaker } from "./requests.ts";
import { type Grant, type Holder, type Item, type LockRecord, WAITING_MOST_MS } from "./record.ts";

/** The attributes that the native record uses besides the key. No key may have such a name. */
export const NATIVE_ATTRIBUTES: readonly string[] =
  "format fence holders exclusive permits waiting purge".split(" ");

/** Far longer than any lease or signature lives, so that a purge never removes a fence in use. */
const PURGE_SECONDS = 30 * 24 * 60 * 60;

/** The TTL of a record whose lease ends then, in the epoch seconds that DynamoDB wants. */
function purgeAt(expires: number): number {
  return Math.ceil(expires / 1_000) + PURGE_SECONDS;
}

/** The record format of this package, on a table. */
export class NativeLayout implements Layout {
  readonly name = "native";
  readonly abilities: LayoutAbilities = {
    ...{ fencing: "time", shared: true, permits: true, serverClock: true, guard: true, data: true },
  };
  readonly #requests: RequestMaker;

  constructor(place: TablePlace) {
    this.#requests = new RequestMaker(place);
  }

  acquire(name: string, grant: Grant): WriteInput {
    return this.#update(
      name,
      TAKE + become(grant),
      // Not `size(#holders)=0`: that is also true of an empty text or list, which is no record.
      `${IS_ABSENT}(${IS_BELOW} AND #holders=:empty${rightOfWay(grant)})`,
      this.#known(grant),
    );
  }

  join(name: string, grant: Grant): WriteInput {
    const room = grant.permits === undefined
      ? " AND attribute_not_exists(#permits)" + rightOfWay(grant)
      : " AND #permits=:n AND size(#holders)<:n";
    return this.#update(name, ADD, IS_BELOW + NO_EXCLUSIVE + room, this.#known(grant));
  }

  takeOver(name: string, grant: Grant, seen: LockRecord, dead: readonly Holder[]): WriteInput {
    // The fence as read: nobody has come in since, so there is as much room as there was.
    const known = { ...this.#known(grant), ":seen": seen.fence, ":old": seen.rawHolders };
    const isSeen = "#fence=:seen AND ";
    if (dead.length === seen.holders.length) {
      // The whole map as read: any renewal since then stops this write.
      return this.#update(name, TAKE + become(grant), `${isSeen}#holders=:old`, known);
    }
    // Never the whole map while others are in: that would undo their renewals.
    const { change, condition, marks } = removal(dead);
    return this.#update(name, ADD + change, isSeen + condition, { ...known, ...marks });
  }

  handOver(name: string, from: GrantKey, grant: Grant): WriteInput {
    const also = grant.mode === "exclusive" ? ",#exclusive=:g" : "";
    return this.#update(
      name,
      `${ADD}${also} REMOVE #holders.#from`,
      `attribute_exists(#holders.#from) AND #fence<:t${rightOfWay(grant)}`,
      { ...this.#known(grant), "#from": from.grantId },
    );
  }

  renew(name: string, grant: GrantKey, expires: number, data?: string | null): WriteInput {
    const change = data === undefined
      ? ""
      : data === null
      ? " REMOVE #holders.#g.#d"
      : ",#holders.#g.#d=:d";
    return this.#update(
      name,
      `SET #holders.#g.#e=:e,#purge=:p${change}`,
      // Never shortens, never brings back: a late renewal can only fail.
      `${IS_IN} AND #holders.#g.#e<:e`,
      { "#g": grant.grantId, ":e": expires, ":p": purgeAt(expires), ":d": data ?? undefined },
    );
  }

  release(name: string, grant: GrantKey): WriteInput {
    return this.#update(name, leave(grant), IS_IN, { "#g": grant.grantId });
  }

  close(name: string, grant: Grant): WriteInput {
    return this.#update(
      name,
      "SET #format=:format,#fence=:t,#holders=if_not_exists(#holders,:empty)," +
        "#purge=if_not_exists(#purge,:p)",
      `${IS_ABSENT}(${IS_BELOW})`,
      this.#known(grant),
    );
  }

  mark(name: string, until: number): WriteInput {
    return this.#update(
      name,
      "SET #waiting=:until",
      // Never shortens: of several that wait, the last one counts.
      "#format=:format AND attribute_not_exists(#permits)" + NO_EXCLUSIVE +
        " AND NOT (#waiting>:until AND #waiting<:far)",
      { ":format": FORMAT, ":until": until, ":far": until + WAITING_MOST_MS },
    );
  }

  sweep(name: string, dead: readonly Holder[]): WriteInput {
    const { change, condition, marks } = removal(dead);
    return this.#update(name, change.trim(), condition, marks);
  }

  revoke(name: string, grant: GrantKey): WriteInput {
    // The fence passes the token, so that its holder sees that the lock was taken away.
    return this.#update(name, `SET #fence=#fence+:one ${leave(grant)}`, IS_IN, {
      "#g": grant.grantId,
      ":one": 1,
    });
  }

  guard(name: string, { grantId }: GrantKey): CheckInput {
    return this.#requests.check(name, IS_IN, { "#g": grantId });
  }

  read(name: string): ReadInput {
    return this.#requests.read(name);
  }

  scan(prefix: string): ScanInput {
    return this.#requests.scan(prefix, "#format=:format", { ":format": FORMAT });
  }

  nameOf(item: Item): string {
    return this.#requests.nameOf(item);
  }

  parse(name: string, item: Item | undefined): LockRecord | undefined {
    return parseItem(name, item);
  }

  /** A write that shows the record after it, where that is of use: nobody needs it after a release. */
  #update(name: string, change: string, condition: string, known: Known): WriteInput {
    const input = this.#requests.update(name, change, condition, known);
    return change.startsWith("SET") ? { ...input, ReturnValues: "ALL_NEW" } : input;
  }

  #known({ grantId, token, mode, permits, ownerId, expires, leaseMs, data, madeAt }: Grant): Known {
    const entry = {
      M: encode({
        t: token,
        m: mode[0] === "e" ? "x" : "s",
        o: ownerId,
        e: expires,
        l: leaseMs,
        d: data,
      }),
    };
    return {
      "#g": grantId,
      ":format": FORMAT,
      ":t": token,
      ":n": permits,
      ":map": { M: { [grantId]: entry } },
      ":entry": entry,
      ":empty": { M: {} },
      ":g": grantId,
      ":now": Math.floor(madeAt),
      ":far": Math.floor(madeAt) + WAITING_MOST_MS,
      ":p": purgeAt(expires),
    };
  }
}
