/**
 * What the record formats have in common, and where they differ, whose holders write a new version with
 * each renewal. See `versioned.ts`.
 *
 * @module
 */

import { DATE_MS_MAX } from "../checks.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import type { Known } from "./native_expressions.ts";
import type { Item } from "./record.ts";

/** What a version can say besides the grant and the end. */
export interface VersionAbout {
  /** The lock's name with the prefix of its place. */
  readonly key: string;
  /** Who was granted it. */
  readonly ownerId: string;
  /** When, in the server's milliseconds since 1970. */
  readonly madeAt: number;
}

/** How a format writes the version of a grant. */
export interface VersionCodec {
  /** The version of a grant whose lease ends then. */
  encode(grantId: string, expires: number, about: VersionAbout): AttributeValue;
  /** What all versions of a grant begin with, and none of another grant. */
  prefix(grantId: string): AttributeValue;
  /**
   * The grant and the end in a version of ours; of another client's what {@linkcode prefix} makes the
   * version itself of. `undefined` where it cannot be understood.
   */
  decode(
    version: AttributeValue,
  ): { readonly grantId: string; readonly expires?: number; readonly ownerId?: string } | undefined;
}

/** One such format. */
export interface VersionedFormat {
  /** What it is called in errors. */
  readonly name: string;
  /** The names of its attributes. */
  readonly attributes: {
    /** Absent where the version says it. */
    readonly owner?: string;
    /** Absent where a lease never ends. */
    readonly lease?: string;
    readonly version: string;
    /** Absent where there is no room for data. */
    readonly data?: string;
    /** What marks an item that was released and kept; absent where a release shows otherwise. */
    readonly released?: string;
    /** The fencing token, where there is one. */
    readonly token?: string;
    /** When the lease began by the holder's clock, where that is told. */
    readonly acquired?: string;
    /** The time to live, where there is one. */
    readonly ttl?: string;
  };
  readonly version: VersionCodec;
  /** Whether a lock is held for ever that nobody gives back. */
  readonly endless?: true;
  /** The length of a lease as the format writes it; `undefined` writes none. */
  encodeLease(ms: number): AttributeValue | undefined;
  /**
   * The length of a lease in milliseconds, infinity where it never ends; `undefined` where it cannot be
   * understood.
   */
  decodeLease(lease: AttributeValue | undefined): number | undefined;
  /** Whether an item is one that was released and kept. */
  isReleased(item: Item): boolean;
  /** How an item is marked as released; absent where it is deleted instead. */
  readonly markReleased?: { readonly change: string; readonly known: Known };
  /** The condition that an item was not released, where no attribute of its own marks that. */
  readonly isHeld?: string;
  /** How an item is marked whose lock was taken away; absent where that is as when it is released. */
  readonly revoked?: { readonly change: string; readonly known: Known };
  /** How long an item lives after the end of its lease, where it has a time to live. */
  readonly ttlSeconds?: number;
}

const DIGITS = `${DATE_MS_MAX}`.length;

/** The end of a lease in 16 digits, which sort as it does. */
export function digitsOf(expires: number): string {
  return `${expires}`.padStart(DIGITS, "0");
}

/** Versions that are texts: `<32 hexadecimal digits>:<the end in 16 digits>`. */
export const TEXT_VERSIONS: VersionCodec = {
  encode: (grantId, expires) => ({ S: `${grantId}:${digitsOf(expires)}` }),
  prefix: (grantId) => ({ S: grantId }),
  decode: (version) => {
    const text = (version as { S?: string }).S;
    if (!text) return undefined;
    const [, grantId, end] = /^([0-9a-f]{32}):(\d{16})$/.exec(text) ?? [];
    return grantId ? { grantId, expires: Number(end) } : { grantId: text };
  },
};
