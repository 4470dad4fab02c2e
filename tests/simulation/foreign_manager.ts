/**
 * A manager on a format of others, whose leases and events show a number where the format has no tokens:
 * it is found out by what a caller can see, the check of a lease's grant.
 */

import type { LockEvent } from "../../src/events.ts";
import type { Lease } from "../../src/lease/lease.ts";
import { LockManager } from "../../src/manager.ts";
import type { AcquireOptions, BreakOptions, LockManagerOptions } from "../../src/options.ts";
import { type ForeignReader, grantIn } from "./foreign.ts";
import { TABLE } from "./reader.ts";

/** Makes a manager. */
export function foreignManager(options: LockManagerOptions, reader: ForeignReader): LockManager {
  const { layout, table } = reader.plan;
  const { abilities: { fencing, data } } = layout;
  /** The numbers of leases, by ticket; and the ticket of the call that began last. */
  const numbers = new Map<number, number>();
  let asked = 0;
  const onEvent = (event: LockEvent) => {
    if (event.type === "request") asked = event.ticket;
    const numbered = "fencingToken" in event && fencing === false
      ? { ...event, fencingToken: numbers.get(event.ticket) ?? 0 }
      : event;
    options.onEvent?.(numbered);
  };
  const manager = new LockManager({
    ...options,
    onEvent,
    layout,
    table: { ...table, name: TABLE },
  });
  const wrap = <T extends Lease | null>(
    method: (name: string | readonly string[], options?: AcquireOptions) => Promise<T>,
  ) =>
  async (name: string | readonly string[], { data: text, ...options }: AcquireOptions = {}) => {
    const answer = method.call(manager, name, { ...options, ...(data && text && { data: text }) });
    const ticket = asked; // the call has told of itself by now
    const lease = await answer;
    if (lease === null || fencing !== false) return lease;
    const check = lease.conditionCheck({ name: lease.name }).ConditionCheck;
    const number = reader.tokenOf(grantIn(check) ?? "");
    numbers.set(ticket, number);
    return withNumber(lease, number) as T;
  };
  manager.acquire = wrap(manager.acquire);
  manager.tryAcquire = wrap(manager.tryAcquire);
  const { breakLock } = manager;
  manager.breakLock = (name, { token = 0, ...rest }: BreakOptions) => {
    const id = reader.idOf(token);
    if (fencing === false) reader.breaking.add(id);
    return breakLock.call(manager, name, fencing === false ? { ...rest, id } : { ...rest, token });
  };
  return manager;
}

/** A lease that shows a number where there is no token. */
function withNumber(lease: Lease, number: number): Lease {
  return new Proxy(lease, {
    get: (target, property) => {
      if (property === "fencingToken") return number;
      const value = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
