/** What the runs together must have met: a fault that never happens proves nothing. */

import { FAULT_NAMES } from "./faults.ts";
import { MODES, MODES_SHARE } from "./modes.ts";
import { PROFILES } from "./profiles.ts";
import { RECIPES } from "./recipes.ts";
import type { Tally } from "./trace.ts";
import { TRANSACTION_FAULT_NAMES } from "./transaction_faults.ts";

function named(group: string, ...names: readonly string[]): string[] {
  return names.map((name) => `${group}: ${name}`);
}

/** Everything that must be met, as the tally calls it. */
export const TO_REACH: readonly string[] = [
  ...named("run", ...Object.keys(PROFILES)),
  ...named("fault", ...FAULT_NAMES, "cut off"),
  ...named("upset", "paused", "suspended", "killed", "closed", "cut off"),
  ...named("upset", "clock set forward", "clock set back"),
  ...named("upset", "deleted", "emptied", "replaced", "table dropped"),
  ...named("upset", "records purged", "records deleted late"),
  ...named("step", "acquire", "take over", "hand over", "renew", "release", "close", "read"),
  ...named("answer", "lease", "null", "aborted", "MANAGER_CLOSED", "UNAVAILABLE", "CREDENTIALS"),
  ...named("answer", "LEASE_TOO_SHORT", "TABLE_NOT_FOUND", "RECORD_FOREIGN"),
  ...named("event", "request", "grant", "take-over", "miss", "renew", "release"),
  ...named("event", "endangered"),
  ...named("event", "LEASE_EXPIRED", "LEASE_STOLEN", "LEASE_DELETED"),
  ...named("event", "trouble with wait", "trouble with renew", "trouble with release"),
  ...named("event", "trouble with clean-up"),
  ...named("release", "true", "false", "failed", "disposed", "forgotten"),
  ...named("renew", "done", "failed"),
  ...named("update", "done", "failed"),
  ...named("guarded write", "landed", "refused"),
  ...named("guarded transaction", "landed", "refused"),
  ...named("probe", "once", "wait"),
];

/** What must be met where locks are not always wanted alone. */
const MODES_TO_REACH: readonly string[] = [
  ...named("run", ...Object.keys(MODES)),
  ...named("grant", "exclusive", "shared", "permit", "several", "nested"),
  ...named("probe", "readers", "some readers", "permits", "some permits", "several"),
  ...named("upset", "broken"),
  ...named("fault", ...TRANSACTION_FAULT_NAMES),
  ...named("step", "join", "mark", "sweep", "guard", "revoke"),
  ...named("answer", "PERMITS_MISMATCH"),
  ...named("transact", "done", "TRANSACTION_CANCELED", "LEASE_STOLEN", "UNAVAILABLE"),
];

/** What must be met where locks are used by what is built on them. */
const RECIPES_TO_REACH: readonly string[] = [
  ...named("run", ...Object.keys(RECIPES)),
  ...named("request", "wait", "ifAvailable", "steal"),
  ...named("request", "null", "returned", "threw", "lost", "aborted"),
  ...named("term", "begun", "return", "resign", "throw"),
  ...named("campaign", "aborted", "its callback's error"),
  ...named("observer", "nobody", "a leader", "left", "aborted"),
];

/** What was not met. */
export function unreached({ counts }: Tally): string[] {
  const all = [...TO_REACH, ...MODES_SHARE > 0 ? MODES_TO_REACH : [], ...RECIPES_TO_REACH];
  return all.filter((name) => !counts.has(name));
}
