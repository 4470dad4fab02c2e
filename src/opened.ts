/**
 * The lock table as a manager has it from its options and the environment.
 *
 * @module
 */

import { environmentReader } from "./credentials/env.ts";
import type { ClientSettings } from "./dynamodb/options.ts";
import { Wire } from "./dynamodb/wire.ts";
import type { LockEventListener } from "./events.ts";
import { LockTable } from "./lease/lock_table.ts";
import type { ManagerSettings } from "./options.ts";
import type { TablePlace } from "./records/layout.ts";
import { NativeLayout } from "./records/native.ts";
import { placeOf } from "./records/place.ts";
import type { Runtime } from "./runtime.ts";

/** What is made on first use, when the environment may be read. */
export interface Opened {
  readonly place: TablePlace;
  readonly table: LockTable;
  readonly ownerId: string;
}

/** Reads the environment, and makes what a manager reaches its table with. */
export function openTable(
  options: ManagerSettings,
  runtime: Runtime,
  emit: LockEventListener,
): Opened {
  const { table, layout, client, owner, env } = options;
  const read = environmentReader(env, runtime);
  // A table that is the layout's own is no table of ours, which the variable names.
  const name = layout?.table.name ?? read("DYNAMO_LOCK_TABLE") ?? "dynamo-lock";
  const place = placeOf(table ?? name, layout?.table);
  const wire = client ?? new Wire({
    // It looks at nothing but its own, and at the account in the table's ARN.
    ...{ ...options, table: place.name } as ClientSettings,
    runtime,
    onRetry: (retry) => emit({ type: "retry", ...retry }),
  });
  const lockTable = new LockTable(wire, layout?.at(place) ?? new NativeLayout(place), runtime);
  const ownerId = owner ?? runtime.randomId().slice(0, 16);
  return { place, table: lockTable, ownerId };
}
