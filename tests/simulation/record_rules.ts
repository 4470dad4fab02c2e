/** What must be true of a lock's record after every write, whoever wrote it. */

import type { RawHolder, RawRecord } from "./service.ts";

/** How a grant shares its lock: alone, with all others that share, or with so many at most. */
export type Shape = "exclusive" | "shared" | `${number} permits`;

/** The shape of a holder in a record. */
export function shapeOf({ m }: RawHolder, { permits }: RawRecord): Shape {
  if (m.S === "x") return "exclusive";
  return permits === undefined ? "shared" : `${Number(permits.N)} permits`;
}

/** How many may be in at once. */
export function roomOf(shape: Shape): number {
  return shape === "exclusive" ? 1 : permitsOf(shape) ?? Infinity;
}

/** The permits of a semaphore; `undefined` where it is none. */
export function permitsOf(shape: Shape): number | undefined {
  return /permits/.test(shape) ? parseInt(shape) : undefined;
}

/** The holders in a record. */
export function holdersOf(record: RawRecord | undefined): [id: string, holder: RawHolder][] {
  return Object.entries(record?.holders?.M ?? {}).map(([id, { M }]) => [id, M]);
}

/** The rule that a record breaks, if it breaks one, and how. */
export function brokenBy(record: RawRecord | undefined): [rule: string, text: string] | undefined {
  const holders = holdersOf(record);
  const alone = holders.filter(([, { m }]) => m.S === "x").map(([id]) => id);
  const count = `${holders.length} holders, ${alone.length} of them exclusive`;
  if (alone.length > 0 && holders.length > 1) return ["an exclusive holder is alone", count];
  if (record?.exclusive?.S !== alone[0]) {
    return ["the exclusive holder is marked", `${record?.exclusive?.S} instead of ${alone[0]}`];
  }
  if (record === undefined || holders.length === 0) return undefined;
  if (alone.length > 0 && record.permits !== undefined) {
    return ["an exclusive holder needs no permit", `${record.permits.N} permits`];
  }
  const room = record.permits === undefined ? Infinity : Number(record.permits.N);
  if (holders.length > room) return ["no more holders than permits", `${count}, ${room} permits`];
  const ahead = holders.find(([, { t }]) => Number(t.N) > Number(record.fence?.N));
  if (ahead) return ["a token is not above the fence", `${ahead[1].t.N} above ${record.fence?.N}`];
}

/** Whether an item of the table is not a lock's record, but something that a lock guards. */
export function isGuarded(name: string): boolean {
  return name.startsWith("guarded/");
}
