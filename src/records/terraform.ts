/**
 * The record format of the state locks of Terraform's S3 backend.
 *
 * @module
 */

import { choose, type LayoutChoice } from "./layout.ts";
import { VersionedLayout } from "./versioned.ts";
import { digitsOf, type VersionCodec, type VersionedFormat } from "./versioned_format.ts";

/** What our locks say where Terraform says its operation and its version. */
const OURS = "dynamo-lock";

/** The lock's `Info`, which Terraform writes as JSON with its members in this order. */
const INFO: VersionCodec = {
  // The grant, then the end, and nothing that changes between them: so that the texts sort as the ends do.
  encode: (grantId, expires, { key, ownerId, madeAt }) => ({
    S: JSON.stringify({
      ID: grantId,
      Operation: OURS,
      Info: digitsOf(expires),
      Who: ownerId,
      Version: OURS,
      Created: new Date(madeAt).toISOString(),
      Path: key,
    }),
  }),
  prefix: (grantId) => ({ S: `{"ID":${JSON.stringify(grantId)},` }),
  decode: (info) => {
    try {
      const { ID: grantId, Who: ownerId = "" } = JSON.parse((info as { S: string }).S);
      const isRead = grantId && typeof grantId === "string" && typeof ownerId === "string";
      return isRead ? { grantId, ownerId } : undefined;
    } catch {
      return undefined;
    }
  },
};

const FORMAT: VersionedFormat = {
  name: "terraform",
  attributes: { version: "Info" },
  version: INFO,
  endless: true,
  encodeLease: () => undefined,
  decodeLease: () => Infinity,
  isReleased: () => false,
};

/**
 * The record format of the state locks of Terraform's S3 backend with `dynamodb_table`, and of OpenTofu's:
 * to keep Terraform out of a state, or to wait until it is done. A lock's name is the path of the state,
 * `<bucket>/<key>`; beside it Terraform keeps an item `<bucket>/<key>-md5`, which is no lock, and which is
 * left alone.
 *
 * These locks never end, also those of ours: nobody takes over from a crashed holder, neither Terraform
 * nor ours, and a lease that is lost for want of renewals is still on the table until it is given back.
 * `terraform force-unlock <ID>` breaks a lock of either, and so does `breakLock(name, { id })`, with the
 * same ID, which `inspect` shows; a holder of ours learns of it at its next renewal, with
 * `LEASE_DELETED`.
 *
 * What remains of that format: Terraform checks the ID of a lock and then deletes whatever is there, so
 * its unlock can, in between, remove a lock that somebody else has taken after a `force-unlock`. There are
 * no fencing tokens, shared locks, permits or data. An acquisition that ends without an answer looks after
 * its request for a minute; one that DynamoDB applies even later leaves the lock held by nobody.
 *
 * @example Keep Terraform out of a state
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { terraform } from "@x/dynamo-lock/layouts";
 * import { ensureTable } from "@x/dynamo-lock/table";
 *
 * const table = { name: "terraform-locks", partitionKey: "LockID" }; // where Terraform has not made it
 * await ensureTable({ table, timeToLive: false });
 * await using locks = new LockManager({ table, layout: terraform() });
 * {
 *   await using _lease = await locks.acquire("states/network.tfstate", { owner: "backup@host" });
 *   const [holder] = (await locks.inspect("states/network.tfstate"))!.holders;
 *   console.log(holder!.ownerId); // backup@host: `holder.id` is what to force-unlock
 * }
 * ```
 */
export function terraform(): LayoutChoice {
  return choose(
    FORMAT.name,
    { partitionKey: "LockID" },
    (place) => new VersionedLayout(FORMAT, place),
  );
}
