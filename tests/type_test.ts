/** What the types promise: these checks fail when the code is compiled, not when it runs. */

import { assertType, type IsExact } from "@std/testing/types";
import type { fromEnv } from "../src/credentials/mod.ts";
import type { DynamoClientOptions, SendOptions } from "../src/dynamodb/mod.ts";
import type { CampaignOptions, ObserveOptions } from "../src/election.ts";
import type { CheckTableOptions, CreateTableOptions } from "../src/table.ts";
import type {
  AcquireOptions,
  AwsCredentialIdentity,
  isLockError,
  Lease,
  LeaseLostError,
  lock,
  LockError,
  LockErrorCode,
  LockEvent,
  LockInfo,
  LockManager,
  LockManagerOptions,
  LockMode,
  LockRequestOptions,
  LockServiceError,
  LockTableError,
  LockTransactionError,
  TableOptions,
  TransactOptions,
  tryLock,
} from "../mod.ts";

/** Whether `T` may be passed where `U` is wanted. */
type Fits<T, U> = [T] extends [U] ? true : false;

/**
 * Whether no member of `T` can be assigned to. `IsExact` does not look at that; two conditional types
 * fit each other only where what they compare with is identical, `readonly` and all.
 */
type IsReadonly<T> = (<G>() => G extends T ? 1 : 2) extends (<G>() => G extends Readonly<T> ? 1 : 2)
  ? true
  : false;

Deno.test("lock() is a lease, and tryLock() a lease or null", () => {
  assertType<IsExact<ReturnType<typeof lock>, Promise<Lease>>>(true);
  assertType<IsExact<ReturnType<typeof tryLock>, Promise<Lease | null>>>(true);
  assertType<
    IsExact<
      Parameters<typeof lock>,
      [name: string | readonly string[], options?: AcquireOptions | undefined]
    >
  >(true);
  assertType<IsExact<Parameters<typeof tryLock>, Parameters<typeof lock>>>(true);
});

Deno.test("a manager acquires as lock() and tryLock() do, and can be disposed of", () => {
  assertType<IsExact<ReturnType<LockManager["acquire"]>, Promise<Lease>>>(true);
  assertType<IsExact<ReturnType<LockManager["tryAcquire"]>, Promise<Lease | null>>>(true);
  assertType<IsExact<ReturnType<LockManager["inspect"]>, Promise<LockInfo | null>>>(true);
  assertType<IsExact<ReturnType<LockManager["close"]>, Promise<void>>>(true);
  assertType<Fits<LockManager, AsyncDisposable>>(true);
});

Deno.test("a lease can be disposed of, and shows nothing that can be assigned to", () => {
  assertType<Fits<Lease, AsyncDisposable>>(true);
  assertType<IsExact<Lease["fencingToken"], number>>(true);
  assertType<IsExact<Lease["held"], boolean>>(true);
  assertType<IsExact<Lease["remainingMs"], number>>(true);
  assertType<IsExact<Lease["signal"], AbortSignal>>(true);
  assertType<IsExact<Lease["names"], readonly string[]>>(true);
  assertType<IsExact<ReturnType<Lease["release"]>, Promise<boolean>>>(true);
  assertType<IsExact<ReturnType<Lease["renew"]>, Promise<void>>>(true);
  assertType<IsExact<Parameters<Lease["update"]>, [data: string | null]>>(true);
  type Data = Pick<Lease, "name" | "names" | "mode" | "fencingToken" | "ownerId" | "signal">;
  assertType<IsReadonly<Data>>(true);
});

Deno.test("options are readonly, and none is required", () => {
  assertType<IsReadonly<AcquireOptions>>(true);
  assertType<IsReadonly<LockManagerOptions>>(true);
  assertType<IsReadonly<TableOptions>>(true);
  assertType<Fits<Record<never, never>, AcquireOptions>>(true);
  assertType<Fits<Record<never, never>, LockManagerOptions>>(true);
  assertType<Fits<{ name: string }, TableOptions>>(true);
  assertType<IsExact<IsReadonly<{ a: string }>, false>>(true);
});

Deno.test("options that do not exist do not compile", () => {
  const acquire = (_options: AcquireOptions) => {};
  acquire({ permits: 5 });
  // @ts-expect-error: there are two modes
  acquire({ mode: "write" });
  // @ts-expect-error: durations are numbers
  acquire({ leaseMs: "20s" });
  // @ts-expect-error: a lock has a name, or several
  void ((take: typeof lock) => take([7]));
  // @ts-expect-error: a table has a name
  void ({ prefix: "x" } satisfies TableOptions);
});

Deno.test("codes of errors are known by their class", () => {
  assertType<IsExact<LockMode, "exclusive" | "shared">>(true);
  assertType<Fits<LeaseLostError, LockError>>(true);
  assertType<Fits<LockServiceError, LockError>>(true);
  assertType<Fits<LockTransactionError, LockError>>(true);
  assertType<Fits<LockTableError, LockError>>(true);
  assertType<IsExact<LockError["code"], LockErrorCode>>(true);
  assertType<
    IsExact<
      LeaseLostError["code"],
      "LEASE_STOLEN" | "LEASE_EXPIRED" | "LEASE_DELETED" | "LEASE_RELEASED"
    >
  >(true);
  assertType<
    IsExact<
      LockTableError["code"],
      | "TABLE_NOT_FOUND"
      | "TABLE_MISMATCH"
      | "RECORD_FOREIGN"
      | "RECORD_INVALID"
      | "PERMITS_MISMATCH"
    >
  >(true);
  assertType<Fits<LeaseLostError["code"] | LockTableError["code"], LockErrorCode>>(true);
  assertType<Fits<LockServiceError["code"] | "MANAGER_CLOSED", LockErrorCode>>(true);
  assertType<IsExact<LockTransactionError["code"], "TRANSACTION_CANCELED">>(true);
});

Deno.test("isLockError() narrows to a LockError", () => {
  const codeOf = (guard: typeof isLockError, error: unknown): LockErrorCode | undefined =>
    guard(error) ? error.code : undefined;
  assertType<IsExact<ReturnType<typeof codeOf>, LockErrorCode | undefined>>(true);
});

Deno.test("events are told apart by their type", () => {
  type Lost = Extract<LockEvent, { type: "lost" }>;
  assertType<IsExact<Lost["code"], LeaseLostError["code"]>>(true);
  assertType<
    IsExact<
      LockEvent["type"],
      | "request"
      | "grant"
      | "miss"
      | "fail"
      | "renew"
      | "endangered"
      | "trouble"
      | "lost"
      | "release"
      | "retry"
    >
  >(true);
});

Deno.test("credentials of the AWS SDK fit", () => {
  interface SdkIdentity {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
    readonly credentialScope?: string;
    readonly accountId?: string;
    readonly expiration?: Date;
  }
  assertType<Fits<SdkIdentity, AwsCredentialIdentity>>(true);
  type SdkProvider = (properties?: Record<string, unknown>) => Promise<SdkIdentity>;
  assertType<Fits<SdkProvider, NonNullable<LockManagerOptions["credentials"]>>>(true);
});

/** The options of which one cannot be given as `undefined`. */
type Unfit<T> = {
  [K in keyof T]-?: { [P in K]: undefined } extends Pick<T, K> ? never : K;
}[keyof T];

Deno.test("every option may be undefined, which is as good as absent", () => {
  assertType<IsExact<Unfit<AcquireOptions>, never>>(true);
  assertType<IsExact<Unfit<LockManagerOptions>, never>>(true);
  assertType<IsExact<Unfit<LockRequestOptions>, never>>(true);
  assertType<IsExact<Unfit<TransactOptions>, never>>(true);
  assertType<IsExact<Unfit<DynamoClientOptions>, never>>(true);
  assertType<IsExact<Unfit<SendOptions>, never>>(true);
  assertType<IsExact<Unfit<CampaignOptions>, never>>(true);
  assertType<IsExact<Unfit<ObserveOptions>, never>>(true);
  assertType<IsExact<Unfit<CheckTableOptions>, never>>(true);
  assertType<IsExact<Unfit<CreateTableOptions>, never>>(true);
  assertType<IsExact<Unfit<Omit<TableOptions, "name">>, never>>(true);
});

/** The `env` of a Worker, as its tools write it: an interface has no index signature. */
interface WorkerEnv {
  AWS_REGION: string;
  KV: { get(key: string): Promise<string | null> };
}

Deno.test("the env of a Worker is taken as it is typed", () => {
  assertType<Fits<{ env: WorkerEnv }, LockManagerOptions>>(true);
  assertType<Fits<{ env: WorkerEnv }, DynamoClientOptions>>(true);
  assertType<Fits<{ env: WorkerEnv }, CheckTableOptions>>(true);
  assertType<Fits<[WorkerEnv], Parameters<typeof fromEnv>>>(true);
});
