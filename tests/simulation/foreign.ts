/**
 * Reads the table of another lock client as if it were ours: its items become records, its requests steps,
 * and a grant without a token gets a number by which a run tells it from others.
 */

import type { Layout } from "../../src/records/layout.ts";
import { placeOf } from "../../src/records/place.ts";
import type { Item, LockRecord } from "../../src/records/record.ts";
import {
  elementsOf,
  type WireElement,
  type WireInput,
  type WireRequest,
} from "../support/requests.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import type { FormatPlan } from "./formats.ts";
import { type MemoryTable, type Reader, TABLE, writesOf } from "./reader.ts";
import type { RawHolder, RawRecord } from "./service.ts";

/** The table of what locks guard. */
const GUARDED = "guarded";

/** A transaction that does several of these to as many locks is called by the first of them. */
const FOREMOST = ["take over", "acquire"];

/** The reader of a run on a format of others. */
export class ForeignReader implements Reader {
  readonly keys: Reader["keys"];
  readonly timeToLive = undefined;
  readonly guarded: string = GUARDED;
  readonly plan: FormatPlan;
  /** The grants that an operator breaks: on the wire that may look like a release. */
  readonly breaking: Set<string> = new Set();
  readonly #partitionKey: string;
  readonly #layout: Layout;
  readonly #hasTokens: boolean;
  /** The number of each grant without a token, on all of its names, in the order of their arrival. */
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];

  constructor(plan: FormatPlan) {
    this.plan = plan;
    this.keys = plan.keys;
    const [partitionKey] = Object.keys(plan.keys);
    this.#partitionKey = partitionKey!;
    const { layout, table } = plan;
    this.#layout = layout.at(placeOf({ ...table, name: TABLE }, layout.table));
    this.#hasTokens = this.#layout.abilities.fencing !== false;
  }

  stepOf(call: WireRequest): string {
    if (/^(GetItem|Query)$/.test(call.operation)) return "read";
    const steps = this.#elementsOf(call).map((element) => this.#stepOf(element));
    return FOREMOST.find((step) => steps.includes(step)) ?? steps[0] ?? call.operation;
  }

  grantOf(call: WireRequest): string {
    const [element] = this.#elementsOf(call);
    return element === undefined ? "" : grantIn(element.input) ?? "";
  }

  writtenBy(call: WireRequest): string[] {
    return writesOf(allElementsOf(call)).map(({ input }) => {
      const key = input.TableName === TABLE ? this.#partitionKey : "key";
      return (input.Item ?? input.Key)[key]!.S;
    });
  }

  recordOf(table: MemoryTable, name: string): RawRecord | undefined {
    const items = this.itemsOf(table, name);
    if (items.length === 0) return undefined;
    // Among slots there may be one where an operator has put something else.
    const locks = items.filter((item) => this.#isLock(name, item));
    if (locks.length === 0) return {};
    const record = this.#native(name, this.#layout.parse(name, locks[0], locks)!);
    // Not all that is written is in there: where nothing ends, a renewal would be no change.
    return { ...record, items: locks } as RawRecord;
  }

  tamper(table: MemoryTable, name: string, how: "delete" | "empty" | "replace"): void {
    for (const item of this.itemsOf(table, name)) {
      const keys = Object.keys(this.keys).map((key) => [key, item[key]]);
      table.delete(Object.fromEntries(keys) as AttributeMap);
    }
    if (how !== "replace") return;
    const { sortValue = "-" } = { ...this.plan.layout.table, ...this.plan.table };
    const keys = Object.entries(this.keys).map(([key, type], at) => [
      key,
      type === "N" ? { N: "0" } : { S: at === 0 ? name : sortValue },
    ]);
    table.put({ ...Object.fromEntries(keys), other: { S: "item" } });
  }

  /** The items of a name. */
  itemsOf(table: MemoryTable, name: string): Item[] {
    return (table.items() as Item[])
      .filter((item) => (item[this.#partitionKey] as { S: string }).S === name);
  }

  #isLock(name: string, item: Item): boolean {
    try {
      return this.#layout.parse(name, item) !== undefined;
    } catch {
      return false;
    }
  }

  /** The token of a grant that is on the table or was, or the number that stands for it. */
  tokenOf(grantId: string): number {
    const known = this.#numbers.get(grantId);
    if (known !== undefined) return known;
    this.#ids.push(grantId);
    this.#numbers.set(grantId, this.#ids.length);
    return this.#ids.length;
  }

  /** The grant of a number. */
  idOf(number: number): string {
    return this.#ids[number - 1] ?? "";
  }

  #elementsOf(call: WireRequest): readonly WireElement[] {
    return allElementsOf(call).filter(({ input }) => input.TableName === TABLE);
  }

  #stepOf({ action, input }: WireElement): string {
    if (action === "ConditionCheck") return "guard";
    const step = action === "Put" ? putStep(input) : changeStep(input);
    return step === "release" && this.breaking.has(grantIn(input) ?? "") ? "revoke" : step;
  }

  /** A record as the checker knows it. */
  #native(name: string, { holders, fence }: LockRecord): RawRecord {
    // The format does not say how a lock is shared: all callers of a run say the same.
    const { permits } = this.plan;
    const alone = permits === 1 || name.startsWith("probe");
    const entries = holders.map(({ grantId, token, ownerId, expires, leaseMs }) => {
      const t = this.#hasTokens ? token : this.tokenOf(grantId);
      const numbers = { t: { N: `${t}` }, e: { N: `${expires}` }, l: { N: `${leaseMs}` } };
      const M: RawHolder = { ...numbers, m: { S: alone ? "x" : "s" }, o: { S: ownerId } };
      return [grantId, { M }] as const;
    });
    return {
      ...(this.#hasTokens && { fence: { N: `${fence}` } }),
      holders: { M: Object.fromEntries(entries) },
      ...(alone && entries[0] && { exclusive: { S: entries[0][0] } }),
      ...(!alone && { permits: { N: `${permits}` } }),
    };
  }
}

/** The writes and checks of a request, also of one that writes whole items. */
function allElementsOf(call: WireRequest): readonly WireElement[] {
  const action = ({ PutItem: "Put", DeleteItem: "Delete" } as const)[call.operation];
  return action ? [{ action, input: call.input as WireInput }] : elementsOf(call);
}

/** The grant that a condition speaks of, or the first of our ids in it. */
export function grantIn(
  { ExpressionAttributeValues = {} }: Pick<WireInput, "ExpressionAttributeValues">,
): string | undefined {
  const { ":prefix": prefix, ":id": id, ":code": code } = ExpressionAttributeValues;
  return /[0-9a-f]{32}/.exec(JSON.stringify(prefix ?? id ?? code ?? ""))?.[0];
}

/** The step that the write of a whole item is. */
function putStep(input: WireInput): string {
  const { ConditionExpression: condition, Item } = input;
  if (condition.startsWith("attribute_not_exists(#key)")) {
    return condition.includes(" OR ") ? "close" : "acquire";
  }
  // Of a dead holder, or an item that was released, all that was seen is compared; of one's own the grant alone.
  const mine = /[0-9a-f]{32}/.exec(JSON.stringify(Item))?.[0].slice(0, 8);
  const isOwn = mine !== undefined && grantIn(input)?.startsWith(mine) === true;
  return isOwn && !/=:(seen|end|ttl|e)\b/.test(condition) ? "hand over" : "take over";
}

/** The step that a change of an item is, or its deletion. */
function changeStep(
  { ConditionExpression: condition, UpdateExpression: change }: WireInput,
): string {
  if (change?.startsWith("SET #token=:token")) return "close";
  if (/<=?:(version|end|e)\b/.test(condition)) return "renew";
  if (/:nobody/.test(change ?? "")) return "revoke";
  if (/=:e\b/.test(condition)) return "sweep";
  return /=:(code|ttl)\b/.test(condition) ? "revoke" : "release";
}
