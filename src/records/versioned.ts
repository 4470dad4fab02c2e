/**
 * The record formats whose holders write a new version with each renewal: those of the AWS Java lock
 * client, of Go dynamolock, of python_dynamodb_lock and of the npm dynamodb-lock-client.
 *
 * Their clients take a lock over whose version they have seen unchanged for its whole lease. Ours writes
 * versions that begin with the grant's id and go on with the end of its lease, in digits that sort: so a
 * renewal or a release can be conditioned on the grant, as in our own format, where their own clients
 * lose a lock after an answer that was lost; and our clients see when a lease of ours ends.
 *
 * @module
 */

import { DATE_MS_MAX } from "../checks.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { unreadable } from "./foreign.ts";
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
import type { Known } from "./native_expressions.ts";
import { damagedRecord, type Grant, type Holder, type Item, type LockRecord } from "./record.ts";
import { RequestMaker } from "./requests.ts";

/** How a format writes the version of a grant. */
export interface VersionCodec {
  /** The version of a grant whose lease ends then. */
  encode(grantId: string, expires: number): AttributeValue;
  /** What all versions of a grant begin with, and none of another grant. */
  prefix(grantId: string): AttributeValue;
  /** The grant and the end in a version of ours; of another client's the version itself as a text. */
  decode(version: AttributeValue): { readonly grantId: string; readonly expires?: number };
}

/** One such format. */
export interface VersionedFormat {
  /** What it is called in errors. */
  readonly name: string;
  /** The names of its attributes. */
  readonly attributes: {
    readonly owner: string;
    readonly lease: string;
    readonly version: string;
    /** Absent where there is no room for data. */
    readonly data?: string;
    /** What marks an item that was released and kept; absent where a release shows otherwise. */
    readonly released?: string;
    /** The fencing token, where there is one. */
    readonly token?: string;
    /** The time to live, where there is one. */
    readonly ttl?: string;
  };
  readonly version: VersionCodec;
  /** The length of a lease as the format writes it; `undefined` writes none. */
  encodeLease(ms: number): AttributeValue | undefined;
  /** The length of a lease in milliseconds; `undefined` where it cannot be understood. */
  decodeLease(lease: AttributeValue | undefined): number | undefined;
  /** Whether an item is one that was released and kept. */
  isReleased(item: Item): boolean;
  /** How an item is marked as released; absent where it is deleted instead. */
  readonly markReleased?: { readonly change: string; readonly known: Known };
  /** How long an item lives after the end of its lease, where it has a time to live. */
  readonly ttlSeconds?: number;
}

/** A text as the bytes that a format keeps data in. */
function bytesOf(text: string): AttributeValue {
  return { B: btoa(String.fromCharCode(...new TextEncoder().encode(text))) };
}

/** The bytes of another client as a text; what is no text is shown as far as it can be. */
function textOf(value: AttributeValue | undefined): string | undefined {
  const bytes = (value as { B?: string } | undefined)?.B;
  if (bytes === undefined) return (value as { S?: string } | undefined)?.S;
  return new TextDecoder().decode(Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)));
}

/** The grant is in, and was not released. */
const IS_OURS = "begins_with(#version,:prefix)";

/** A format with versions, on a table. */
export class VersionedLayout implements Layout {
  readonly name: string;
  readonly abilities: LayoutAbilities;
  readonly #format: VersionedFormat;
  readonly #requests: RequestMaker;

  constructor(format: VersionedFormat, place: TablePlace) {
    this.name = format.name;
    this.#format = format;
    const { token, data } = format.attributes;
    this.abilities = {
      ...{ shared: false, permits: false, guard: true },
      fencing: token === undefined ? false : "count",
      serverClock: false,
      data: data !== undefined,
    };
    this.#requests = new RequestMaker(place, format.attributes);
  }

  acquire(name: string, grant: Grant, seen?: LockRecord): WriteInput {
    // Only what was seen to be released: "released" alone would let a request that was delayed take
    // the lock again, for nobody, when it has been somebody else's.
    return seen === undefined
      ? this.#put(name, grant, "attribute_not_exists(#key)")
      : this.#put(name, grant, "#version=:seen", { ":seen": rawVersion(seen, this.#format) });
  }

  takeOver(name: string, grant: Grant, seen: LockRecord): WriteInput {
    return this.acquire(name, grant, seen);
  }

  handOver(name: string, fromGrantId: string, grant: Grant): WriteInput {
    return this.#put(name, grant, this.#isOurs(), this.#prefix(fromGrantId));
  }

  renew(name: string, { grantId }: GrantKey, expires: number, data?: string | null): WriteInput {
    const { attributes, ttlSeconds } = this.#format;
    const change = "SET #version=:version" + (ttlSeconds === undefined ? "" : ",#ttl=:ttl") +
      (data === undefined ? "" : data === null ? " REMOVE #data" : ",#data=:data");
    return this.#requests.update(name, change, `${this.#isOurs()} AND #version<:version`, {
      ...this.#prefix(grantId),
      ":version": this.#format.version.encode(grantId, expires),
      ":ttl": this.#ttl(expires),
      ":data": attributes.data && typeof data === "string" ? bytesOf(data) : undefined,
    });
  }

  release(name: string, { grantId }: GrantKey): WriteInput {
    return this.#leave(name, this.#isOurs(), this.#prefix(grantId));
  }

  close(name: string, grant: Grant): WriteInput | undefined {
    const { markReleased, attributes } = this.#format;
    if (markReleased === undefined || attributes.released === undefined) return undefined;
    // A released item in its place, with another version than any that was seen.
    const condition = "attribute_not_exists(#key) OR attribute_exists(#released)";
    return this.#put(name, grant, condition, {}, { released: "1" });
  }

  revoke(name: string, holder: Holder): WriteInput {
    const { version } = this.#format;
    const { grantId, expires } = holder;
    const ours = expires < Infinity;
    return this.#leave(name, ours ? this.#isOurs() : "#version=:exactly", {
      ...(ours && this.#prefix(grantId)),
      ":exactly": ours ? undefined : rawOf(version, grantId),
    });
  }

  guard(name: string, { grantId }: GrantKey): CheckInput {
    return this.#requests.check(name, this.#isOurs(), this.#prefix(grantId));
  }

  join(): never {
    throw new TypeError(`Cannot share a lock as the layout is '${this.name}'`);
  }

  mark(): never {
    return this.join();
  }

  sweep(): never {
    return this.join();
  }

  read(name: string): ReadInput {
    return this.#requests.read(name);
  }

  scan(prefix: string, from: Item | undefined): ScanInput {
    return this.#requests.scan(prefix, from, "attribute_exists(#version)");
  }

  nameOf(item: Item): string {
    return this.#requests.nameOf(item);
  }

  parse(name: string, item: Item | undefined): LockRecord | undefined {
    if (item === undefined) return undefined;
    const { attributes, version: codec } = this.#format;
    const version = item[attributes.version];
    const owner = (item[attributes.owner] as { S?: string } | undefined)?.S;
    const fence = attributes.token === undefined ? 0 : wholeNumber(item[attributes.token]);
    const leaseMs = this.#format.decodeLease(item[attributes.lease]);
    if (version === undefined || owner === undefined || leaseMs === undefined) {
      // A lease that cannot be understood is an error, and never over.
      throw unreadable(name, item, this.name);
    }
    if (fence === undefined) throw damagedRecord(name);
    const record = { fence, rawHolders: { M: item } };
    if (this.#format.isReleased(item)) return { ...record, holders: [] };
    const { grantId, expires = Infinity } = codec.decode(version);
    const data = attributes.data && textOf(item[attributes.data]);
    const holder: Holder = {
      ...{ grantId, expires, leaseMs, token: fence, mode: "exclusive", ownerId: owner },
      ...(data !== undefined && { data }),
    };
    return { ...record, holders: [holder] };
  }

  #put(name: string, grant: Grant, condition: string, known?: Known, also?: Known): WriteInput {
    const { attributes, version, encodeLease } = this.#format;
    const { grantId, expires, leaseMs, ownerId, data, token } = grant;
    return this.#requests.put(
      name,
      {
        owner: ownerId,
        lease: encodeLease(leaseMs),
        version: version.encode(grantId, expires),
        ttl: this.#ttl(expires),
        ...(attributes.token !== undefined && { token }),
        ...(data !== undefined && { data: bytesOf(data) }),
        ...also,
      },
      condition,
      known,
    );
  }

  #leave(name: string, condition: string, known: Known): WriteInput {
    const { markReleased } = this.#format;
    if (markReleased === undefined) return this.#requests.remove(name, condition, known);
    return this.#requests.update(name, markReleased.change, condition, {
      ...known,
      ...markReleased.known,
    });
  }

  #isOurs(): string {
    return this.#format.attributes.released === undefined
      ? IS_OURS
      : `${IS_OURS} AND attribute_not_exists(#released)`;
  }

  #prefix(grantId: string): Known {
    return { ":prefix": this.#format.version.prefix(grantId) };
  }

  #ttl(expires: number): number | undefined {
    const { ttlSeconds } = this.#format;
    return ttlSeconds === undefined ? undefined : Math.ceil(expires / 1_000) + ttlSeconds;
  }
}

/** The version of a record exactly as read. */
function rawVersion({ rawHolders }: LockRecord, { attributes }: VersionedFormat): AttributeValue {
  return (rawHolders as { M: Item }).M[attributes.version]!;
}

/** The version of another client's grant, from the text that stands for it. */
function rawOf(codec: VersionCodec, text: string): AttributeValue {
  return "S" in codec.prefix("") ? { S: text } : { B: text };
}

function wholeNumber(value: AttributeValue | undefined): number | undefined {
  const text = (value as { N?: string } | undefined)?.N ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const DIGITS = `${DATE_MS_MAX}`.length;

/** Versions that are texts: `<32 hexadecimal digits>:<the end in 16 digits>`. */
export const TEXT_VERSIONS: VersionCodec = {
  encode: (grantId, expires) => ({ S: `${grantId}:${`${expires}`.padStart(DIGITS, "0")}` }),
  prefix: (grantId) => ({ S: `${grantId}:` }),
  decode: (version) => {
    const text = (version as { S?: string }).S ?? "";
    const [, grantId, end] = /^([0-9a-f]{32}):(\d{16})$/.exec(text) ?? [];
    return grantId ? { grantId, expires: Number(end) } : { grantId: text };
  },
};
