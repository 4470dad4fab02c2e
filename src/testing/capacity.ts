/**
 * Capacity units, as `ReturnConsumedCapacity` reports them.
 *
 * @module
 */

import { type Input, readChoice } from "./input.ts";
import { type AttributeMap, itemSize } from "./values.ts";

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

/** Units to write items of these sizes in one place: the larger one counts. */
export function writeUnits(...items: (AttributeMap | undefined)[]): number {
  const bytes = Math.max(...items.map((item) => item === undefined ? 0 : itemSize(item)));
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** Units to read so many bytes; a read that may be stale costs half. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);
}

/** Units consumed by one request, by table. */
export class Consumed {
  readonly #mode: "NONE" | "TOTAL" | "INDEXES";
  readonly #units = new Map<string, { read: number; write: number }>();

  constructor(input: Input) {
    this.#mode = readChoice(input, "ReturnConsumedCapacity", ["NONE", "TOTAL", "INDEXES"]);
  }

  /** Whether the request asked for the figures; else they need not be counted. */
  get wanted(): boolean {
    return this.#mode !== "NONE";
  }

  /** Adds units of one table. */
  add(table: string, units: { read?: number; write?: number }): void {
    const sum = this.#units.get(table) ?? { read: 0, write: 0 };
    sum.read += units.read ?? 0;
    sum.write += units.write ?? 0;
    this.#units.set(table, sum);
  }

  /** The member of an answer about one table; nothing where it was not asked for. */
  single(): { ConsumedCapacity?: unknown } {
    const [figures] = this.#figures(false);
    return figures === undefined ? {} : { ConsumedCapacity: figures };
  }

  /** The member of an answer about several tables. Transactions tell reads and writes apart. */
  several(transaction: boolean): { ConsumedCapacity?: unknown } {
    return this.wanted ? { ConsumedCapacity: this.#figures(transaction) } : {};
  }

  #figures(apart: boolean): Record<string, unknown>[] {
    if (!this.wanted) return [];
    return [...this.#units].map(([table, { read, write }]) => {
      const units = { CapacityUnits: read + write, ...(apart ? splitUnits(read, write) : {}) };
      return { TableName: table, ...units, ...(this.#mode === "INDEXES" ? { Table: units } : {}) };
    });
  }
}

function splitUnits(read: number, write: number): Record<string, number> {
  return {
    ...(read > 0 ? { ReadCapacityUnits: read } : {}),
    ...(write > 0 ? { WriteCapacityUnits: write } : {}),
  };
}
