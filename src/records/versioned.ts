/**
 * The record formats whose holders write a new version with each renewal: those of the AWS Java lock
 * client, of Go dynamolock, of python_dynamodb_lock, of the npm dynamodb-lock-client, and of Terraform.
 *
 * Their clients take a lock over whose version they have seen unchanged for its whole lease. Ours writes
 * versions that begin with the grant's id and go on with the end of its lease, in digits that sort: so a
 * renewal or a release can be conditioned on the grant, as in our own format, where their own clients
 * lose a lock after an answer that was lost; and our clients see when a lease of ours ends.
 *
 * @module
 */

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
import type { Grant, Holder, Item, LockRecord } from "./record.ts";
import type { VersionedFormat } from "./versioned_format.ts";

export { TEXT_VERSIONS, type VersionCodec, type VersionedFormat } from "./versioned_format.ts";
import { checkKeys, WholeItemMaker } from "./whole_items.ts";

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

/** A token rises, also where what was seen of it has been forgotten, or a closed proposal has raised it. */
const IS_ABOVE = "#token<:token";

/** A format with versions, on a table. */
export class VersionedLayout implements Layout {
  readonly name: string;
  readonly abilities: LayoutAbilities;
  readonly endless?: true;
  readonly #format: VersionedFormat;
  readonly #place: TablePlace;
  readonly #requests: WholeItemMaker;
  /** The grant is in, and was not released. */
  readonly #isOurs: string;

  constructor(format: VersionedFormat, place: TablePlace) {
    const { name, attributes, isHeld, endless } = format;
    checkKeys(place, name, Object.values(attributes));
    this.name = name;
    this.#format = format;
    this.#place = place;
    const fencing = attributes.token === undefined ? false : "count";
    const data = attributes.data !== undefined;
    this.abilities = {
      ...{ shared: false, permits: false, serverClock: false, guard: true, fencing, data },
    };
    if (endless) this.endless = endless;
    this.#requests = new WholeItemMaker(place, attributes);
    const notReleased = attributes.released && "attribute_not_exists(#released)";
    this.#isOurs = ["begins_with(#version,:prefix)", notReleased, isHeld].filter(Boolean)
      .join(" AND ");
  }

  acquire(name: string, grant: Grant, seen?: LockRecord): WriteInput {
    if (seen === undefined) return this.#put(name, grant, "attribute_not_exists(#key)");
    // Only what was seen to be released: "released" alone would let a request that was delayed take
    // the lock again, for nobody, when it has been somebody else's.
    const condition = "#version=:seen" +
      (this.abilities.fencing ? ` AND #token=:fence AND ${IS_ABOVE}` : "");
    const { M: item } = seen.rawHolders as { M: Item };
    const version = item[this.#format.attributes.version];
    const known = { ":seen": version, ":fence": seen.fence, ":token": grant.token };
    return this.#put(name, grant, condition, known);
  }

  takeOver(name: string, grant: Grant, seen: LockRecord): WriteInput {
    return this.acquire(name, grant, seen);
  }

  handOver(name: string, from: GrantKey, grant: Grant): WriteInput {
    const condition = this.#isOurs + (this.abilities.fencing ? ` AND ${IS_ABOVE}` : "");
    return this.#put(name, grant, condition, {
      ...this.#known(from.grantId),
      ":token": grant.token,
    });
  }

  renew(name: string, grant: Grant, expires: number, data?: string | null): WriteInput {
    const values = this.#values(name, { ...grant, expires, data: data ?? undefined });
    const change = ["version", "ttl", "acquired", "data"]
      .filter((mark) => values[mark] !== undefined)
      .map((mark) => `#${mark}=:${mark}`);
    return this.#requests.update(
      name,
      `SET ${change}${data === null ? " REMOVE #data" : ""}`,
      `${this.#isOurs} AND #version<:version`,
      { ...marked(values), ...this.#known(grant.grantId) },
    );
  }

  release(name: string, { grantId }: GrantKey): WriteInput {
    return this.#leave(name, grantId);
  }

  close(name: string, grant: Grant): WriteInput | undefined {
    const { markReleased, attributes } = this.#format;
    if (this.abilities.fencing) return this.#raise(name, grant);
    if (markReleased === undefined || attributes.released === undefined) return undefined;
    // A released item in its place, with another version than any that was seen.
    const condition = "attribute_not_exists(#key) OR attribute_exists(#released)";
    return this.#put(name, grant, condition, {}, { released: "1" });
  }

  revoke(name: string, { grantId }: Holder): WriteInput {
    return this.#leave(name, grantId, this.#format.revoked);
  }

  guard(name: string, { grantId }: GrantKey): CheckInput {
    return this.#requests.check(name, this.#isOurs, this.#known(grantId));
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

  scan(prefix: string): ScanInput {
    // Locks that end and locks that do not, of one client, differ by that, and may share a table.
    const lease = this.#format.attributes.lease &&
      ` AND attribute_${this.endless ? "not_" : ""}exists(#lease)`;
    return this.#requests.scan(prefix, `attribute_exists(#version)${lease ?? ""}`);
  }

  nameOf(item: Item): string {
    return this.#requests.nameOf(item);
  }

  parse(name: string, item: Item | undefined): LockRecord | undefined {
    if (item === undefined) return undefined;
    const { attributes, version: codec } = this.#format;
    const of = (mark: keyof typeof attributes) => item[attributes[mark] ?? ""];
    const version = attributes.version in item ? codec.decode(of("version")!) : undefined;
    const ownerId = attributes.owner ? (of("owner") as { S?: string })?.S : version?.ownerId;
    const leaseMs = this.#format.decodeLease(of("lease"));
    const fence = attributes.token ? wholeNumber(of("token")) : 0;
    // A lease that cannot be understood is an error, and never over.
    if (!version || ownerId === undefined || leaseMs === undefined || fence === undefined) {
      const mark = !version
        ? "version"
        : ownerId === undefined
        ? "owner"
        : leaseMs === undefined
        ? "lease"
        : "token";
      throw unreadable(name, item, this.name, attributes[mark]!);
    }
    const record = { fence, rawHolders: { M: item } };
    if (this.#format.isReleased(item)) return { ...record, holders: [] };
    const { grantId, expires = Infinity } = version;
    const data = textOf(of("data"));
    const holder: Holder = {
      ...{ grantId, leaseMs, token: fence, mode: "exclusive", ownerId },
      // Also our own, where a lock never ends: it is not to be taken from us then either.
      expires: this.endless ? Infinity : expires,
      ...(data !== undefined && { data }),
    };
    return { ...record, holders: [holder] };
  }

  /**
   * Raises the token, as our own format does: no proposal that it has passed can be applied. Where there
   * is nothing it makes an item that was released.
   */
  #raise(name: string, grant: Grant): WriteInput {
    const values = { ...this.#values(name, grant), lease: this.#format.encodeLease(1) };
    const others = ["owner", "lease", "version", "acquired"]
      .filter((mark) => mark in values)
      .map((mark) => `,#${mark}=if_not_exists(#${mark},:${mark})`);
    const condition = "attribute_not_exists(#key) OR #token<:token";
    const change = `SET #token=:token${others.join("")}`;
    return this.#requests.update(name, change, condition, marked(values));
  }

  #put(name: string, grant: Grant, condition: string, known?: Known, also?: Known): WriteInput {
    const values = { ...this.#values(name, grant), ...also };
    return this.#requests.put(name, values, condition, known);
  }

  #leave(name: string, grantId: string, how = this.#format.markReleased): WriteInput {
    const known = { ...this.#known(grantId), ...how?.known };
    return how
      ? this.#requests.update(name, how.change, this.#isOurs, known)
      : this.#requests.remove(name, this.#isOurs, known);
  }

  /** What the attributes of a grant are, by what expressions call them; only those of the format. */
  #values(name: string, grant: Grant): Known {
    const { attributes, version, encodeLease, ttlSeconds } = this.#format;
    const { grantId, expires, leaseMs, ownerId, data, token, madeAt } = grant;
    const key = this.#place.prefix + name;
    const all = {
      owner: ownerId,
      lease: encodeLease(leaseMs),
      version: version.encode(grantId, expires, { key, ownerId, madeAt }),
      ttl: ttlSeconds === undefined ? undefined : Math.ceil(expires / 1_000) + ttlSeconds,
      token,
      acquired: expires - leaseMs,
      data: data === undefined ? undefined : bytesOf(data),
    };
    return Object.fromEntries(
      Object.entries(all).filter(([mark, value]) => mark in attributes && value !== undefined),
    );
  }

  /** What the conditions on a grant compare with. */
  #known(grantId: string): Known {
    const { version, markReleased } = this.#format;
    return { ...markReleased?.known, ":prefix": version.prefix(grantId) };
  }
}

/** Values as expressions mention them. */
function marked(values: Known): Known {
  return Object.fromEntries(Object.entries(values).map(([mark, value]) => [`:${mark}`, value]));
}

function wholeNumber(value: AttributeValue | undefined): number | undefined {
  const text = (value as { N?: string } | undefined)?.N ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
