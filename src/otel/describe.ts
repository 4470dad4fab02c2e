/**
 * What spans and measurements say alike: the names of locks, and how things ended.
 *
 * @module
 */

import type { LockEvent, LockEventSubject } from "../events.ts";
import type { AttributesLike } from "./api.ts";

/** Names a lock for telemetry; `undefined` leaves its name out. */
export type LockName = (name: string) => string | undefined;

/** The event of a type. */
export type EventOf<T extends LockEvent["type"]> = Extract<LockEvent, { readonly type: T }>;

/** An event that ends an acquisition. */
export type Answer = EventOf<"grant" | "miss" | "fail">;

/** An event that ends a lease. */
export type End = EventOf<"lost" | "release">;

/** How something ended, and if that was an error, which. */
export interface Outcome {
  readonly outcome: string;
  readonly error?: string;
}

/** Whether an event ends a lease. */
export function isEnd(event: LockEvent): event is End {
  return event.type === "lost" || event.type === "release";
}

/** How an acquisition ended. */
export function answerOutcome(event: Answer): Outcome {
  if (event.type === "grant") return { outcome: "granted" };
  if (event.type === "miss") return { outcome: "missed" };
  // The caller's own wish is no error.
  if (event.code === "ABORTED") return { outcome: "aborted" };
  return { outcome: "failed", error: event.code };
}

/** How a lease ended. */
export function endOutcome(event: End): Outcome {
  if (event.type === "lost") return { outcome: "lost", error: event.code };
  // The release failed, and goes on where nobody hears of it.
  if (event.held === undefined) return { outcome: "abandoned", error: "UNKNOWN" };
  // Only the release found that it was gone, and it does not say why.
  return event.held ? { outcome: "released" } : { outcome: "lost", error: "UNKNOWN" };
}

/** The error of an outcome as an attribute, where there is one. */
export function errorAttribute({ error }: Outcome): AttributesLike {
  return error === undefined ? {} : { "error.type": error };
}

/** An outcome as attributes. */
export function outcomeAttributes(outcome: Outcome): AttributesLike {
  return { "lock.outcome": outcome.outcome, ...errorAttribute(outcome) };
}

/** The first name of a subject as an attribute, unless it is left out. */
export function nameAttribute({ name }: LockEventSubject, lockName: LockName): AttributesLike {
  const [shown] = namesOf([name], lockName);
  return shown === undefined ? {} : { "lock.name": shown };
}

/** All names of a subject as attributes: the list only where there are several. */
export function nameAttributes(subject: LockEventSubject, lockName: LockName): AttributesLike {
  const names = subject.names.length > 1 ? namesOf(subject.names, lockName) : [];
  return {
    ...nameAttribute(subject, lockName),
    ...(names.length > 0 && { "lock.names": names }),
  };
}

function namesOf(names: readonly string[], lockName: LockName): string[] {
  return names.flatMap((name) => {
    try {
      const shown: unknown = lockName(name);
      return typeof shown === "string" ? [shown] : [];
    } catch {
      return []; // a broken function costs the name, not the span
    }
  });
}
