/**
 * Where items are kept: tables, by partition, in the order that queries and scans give them.
 *
 * @module
 */

import { ServiceError } from "./errors.ts";
import { type ItemKey, itemKey, type KeySchema } from "./keys.ts";
import type { Tag } from "./tags.ts";
import { compareUtf8, compareValues } from "./value_order.ts";
import type { AttributeMap, AttributeValue } from "./values.ts";

/** The description of a table as `CreateTable` was given it, in the service's own words. */
export interface TableSettings {
  readonly name: string;
  readonly schema: KeySchema;
  readonly billingMode: "PAY_PER_REQUEST" | "PROVISIONED";
  readonly readCapacity: number;
  readonly writeCapacity: number;
  readonly tableClass: string | undefined;
  readonly tags: readonly Tag[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Whether `DeleteTable` is refused. */
  deletionProtection: boolean;
}

/** One table. */
export class Table {
  readonly settings: TableSettings;
  /** The attribute whose epoch seconds say when an item may be purged, where that is on. */
  ttlAttribute: string | undefined = undefined;
  readonly #partitions = new Map<string, Map<string, AttributeMap>>();
  /** The partitions in the order of a scan, until one comes or goes. */
  #scanOrder: string[] | undefined = undefined;

  constructor(settings: TableSettings) {
    this.settings = settings;
  }

  /** The primary key's attributes. */
  get schema(): KeySchema {
    return this.settings.schema;
  }

  /** The item under a key. */
  get({ partition, sort }: ItemKey): AttributeMap | undefined {
    return this.#partitions.get(partition)?.get(sort);
  }

  /** Puts an item in the place of what its key had. */
  put(item: AttributeMap): void {
    const { partition, sort } = itemKey(this.schema, item);
    let items = this.#partitions.get(partition);
    if (items === undefined) {
      items = new Map();
      this.#partitions.set(partition, items);
      this.#scanOrder = undefined;
    }
    items.set(sort, item);
  }

  /** Removes what is under a key. */
  delete({ partition, sort }: ItemKey): void {
    const items = this.#partitions.get(partition);
    if (items === undefined) return;
    items.delete(sort);
    if (items.size > 0) return;
    this.#partitions.delete(partition);
    this.#scanOrder = undefined;
  }

  /** The items of a partition by rising sort key. */
  partition(partition: string): AttributeMap[] {
    const items = [...(this.#partitions.get(partition)?.values() ?? [])];
    const { sort } = this.schema;
    if (sort === undefined) return items;
    return items.sort((a, b) =>
      compareValues(a[sort.name] as AttributeValue, b[sort.name] as AttributeValue) ?? 0
    );
  }

  /** The partitions in the order of a scan: by a hash, as the service spreads them. */
  scanOrder(): readonly string[] {
    this.#scanOrder ??= [...this.#partitions.keys()].sort(compareScanned);
    return this.#scanOrder;
  }

  /** Every item, in the order of a scan. */
  items(): AttributeMap[] {
    return this.scanOrder().flatMap((partition) => this.partition(partition));
  }
}

/** The order in which a scan meets two partitions. */
export function compareScanned(a: string, b: string): number {
  return partitionHash(a) - partitionHash(b) || compareUtf8(a, b);
}

/** Spreads partitions over 32 bits (FNV-1a); also tells which segment of a scan one is in. */
export function partitionHash(partition: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < partition.length; i++) {
    hash = Math.imul(hash ^ partition.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** The tables of one database, by name. */
export class Tables {
  readonly #tables = new Map<string, Table>();

  /** @throws `ResourceNotFoundException` where there is none of that name. */
  get(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) {
      throw new ServiceError("ResourceNotFoundException", "Requested resource not found");
    }
    return table;
  }

  /** The table of that name, or `undefined`. */
  find(name: string): Table | undefined {
    return this.#tables.get(name);
  }

  /** Adds a table. */
  add(table: Table): void {
    this.#tables.set(table.settings.name, table);
  }

  /** Drops a table with all that is in it. */
  remove(name: string): void {
    this.#tables.delete(name);
  }

  /** The names in their order. */
  names(): string[] {
    return [...this.#tables.keys()].sort(compareUtf8);
  }

  /** Every table. */
  all(): Iterable<Table> {
    return this.#tables.values();
  }
}
