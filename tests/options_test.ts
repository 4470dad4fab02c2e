/** What callers pass in: everything wrong is refused by name, before any request. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  type AcquireOptions,
  type InspectOptions,
  LockManager,
  type LockManagerOptions,
} from "../mod.ts";
import { DynamoClient } from "../src/dynamodb/mod.ts";
import { CLIENT_BRAND } from "../src/dynamodb/brand.ts";
import { javaLockClient } from "../src/layouts.ts";
import { createTable } from "../src/table.ts";
import { quickSigner, World } from "./support/world.ts";

type Misuse = typeof TypeError | typeof RangeError;

/** What is refused: a value, with what, and what the message names. */
type Row = readonly [what: string, value: unknown, type: Misuse, names: string];

/** "Cannot X as 'y' must be ..." or "Cannot X as option 'y' does not exist". */
const GRAMMAR = /^Cannot [a-z].* as (option )?'.+' (must (be|not|come|differ) .+|does not exist)/;

function checkMessage(error: Error, names: string): void {
  assertMatch(error.message, GRAMMAR);
  assert(error.message.includes(`'${names}'`), error.message);
  assert(!error.message.endsWith("."), error.message);
}

const LONE = "\ud800";

const NAMES: readonly Row[] = [
  ["an empty name", "", RangeError, "name"],
  ["a name of 2,049 bytes", "x".repeat(2_049), RangeError, "name"],
  ["a name of 1,025 letters of two bytes", "é".repeat(1_025), RangeError, "name"],
  ["a lone high surrogate", `job${LONE}`, TypeError, "name"],
  ["a lone low surrogate", "\udc00job", TypeError, "name"],
  ["surrogates in the wrong order", "\udc00\ud800", TypeError, "name"],
  ["a number", 42, TypeError, "name"],
  ["nothing", undefined, TypeError, "name"],
  ["null", null, TypeError, "name"],
  ["an object", { toString: () => "job" }, TypeError, "name"],
  ["a String object", new String("job"), TypeError, "name"],
  ["a symbol", Symbol("job"), TypeError, "name"],
];

/** What is refused in place of several names. */
const SEVERAL: readonly Row[] = [
  ["no name", [], RangeError, "names"],
  ["101 names", Array.from({ length: 101 }, (_, at) => `job ${at}`), RangeError, "names"],
  ...NAMES.map(([what, value, type, names]): Row => [what, ["job", value], type, names]),
];

for (const [what, value, type, names] of SEVERAL) {
  Deno.test(`acquire() refuses ${what} among several names before any request`, async () => {
    const world = await World.create();
    const { manager, events } = world.process();
    for (const verb of ["acquire", "tryAcquire"] as const) {
      const call = () => world.until<unknown>(manager[verb](value as string[]));
      checkMessage(await assertRejects(call, type), names);
    }
    // What is about one lock is not about several.
    await assertRejects(() => manager.inspect(value as unknown as string), TypeError);
    const broken = () => manager.breakLock(value as unknown as string, { token: 1 });
    await assertRejects(broken, TypeError);
    assertEquals([world.sent(), events], [[], []]);
    await world.until(manager.close());
  });
}

for (const [what, value, type, names] of NAMES) {
  Deno.test(`every verb refuses ${what} as a name before any request`, async () => {
    const world = await World.create();
    const { manager, events } = world.process();
    for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
      const call = () => world.until<unknown>(manager[verb](value as string));
      checkMessage(await assertRejects(call, type), names);
    }
    assertEquals([world.sent(), events], [[], []]);
    await world.until(manager.close());
  });
}

Deno.test("acquire() counts a name in bytes, with the table's prefix", async () => {
  const world = await World.create();
  const process = world.process({ table: { name: "dynamo-lock", prefix: "é" } });
  const most = "€".repeat(682); // 2,046 bytes, and two of the prefix
  const error = await assertRejects(
    () => world.until(process.manager.acquire(most + "x")),
    RangeError,
  );
  checkMessage(error, "prefix and name");
  assertEquals(world.sent(), []);
  const lease = await world.until(process.manager.acquire(most));
  assertEquals([lease.name, lease.held], [most, true]);
  await world.end(process);
});

Deno.test("acquire() takes any well-formed name of 1 to 2,048 bytes", async () => {
  const world = await World.create();
  const process = world.process();
  const names = [
    "x",
    " ",
    "\u0000",
    "😀",
    "a/b#c:d",
    "__proto__",
    "é",
    "e\u0301",
    "x".repeat(2_048),
  ];
  const leases = [];
  for (const name of names) leases.push(await world.until(process.manager.acquire(name)));
  assertEquals(world.dynamo.table("dynamo-lock").size, names.length, "each its own key");
  for (const lease of leases) assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});

function durations(option: string, least: number, most: number): Row[] {
  return [
    ["a duration below the least", { [option]: least - 1 }, RangeError, option],
    ["a duration above the most", { [option]: most + 1 }, RangeError, option],
    ["a negative duration", { [option]: -20_000 }, RangeError, option],
    ["NaN", { [option]: NaN }, RangeError, option],
    ["minus infinity", { [option]: -Infinity }, RangeError, option],
    ["a fraction", { [option]: least + 0.5 }, RangeError, option],
    ["a huge duration", { [option]: 1e20 }, RangeError, option],
    ["a text", { [option]: "20000" }, TypeError, option],
    ["null", { [option]: null }, TypeError, option],
    ["a bigint", { [option]: 20_000n }, TypeError, option],
    ["an object", { [option]: { ms: 1 } }, TypeError, option],
  ];
}

const DAY_MS = 24 * 60 * 60_000;

const BOTH: readonly Row[] = [
  ...durations("leaseMs", 2_000, 7 * DAY_MS),
  ...durations("maxHoldMs", 1_000, 365 * DAY_MS),
  ["infinity", { leaseMs: Infinity }, RangeError, "leaseMs"],
  ["a text", { renew: "no" }, TypeError, "renew"],
  ["null", { renew: null }, TypeError, "renew"],
  ["a number", { renew: 0 }, TypeError, "renew"],
  ["an empty text", { owner: "" }, RangeError, "owner"],
  ["257 bytes", { owner: "x".repeat(257) }, RangeError, "owner"],
  ["a lone surrogate", { owner: LONE }, TypeError, "owner"],
  ["a number", { owner: 7 }, TypeError, "owner"],
  ["no function", { waitUntil: {} }, TypeError, "waitUntil"],
  ["an unknown option", { ttl: 5 }, TypeError, "ttl"],
  ["a misspelt option", { leaseMS: 5_000 }, TypeError, "leaseMS"],
  ["an option in the wrong unit", { leaseSeconds: 5 }, TypeError, "leaseSeconds"],
  ["an option named as a member of every object", { toString: 1 }, TypeError, "toString"],
  ["no object", 5, TypeError, "options"],
  ["null", null, TypeError, "options"],
];

const ACQUIRE: readonly Row[] = [
  ...BOTH,
  ["none", { maxRequests: 0 }, RangeError, "maxRequests"],
  ["a part of one", { maxRequests: 1.5 }, RangeError, "maxRequests"],
  ["no number", { maxRequests: "9" }, TypeError, "maxRequests"],
  ["2,049 bytes", { data: "x".repeat(2_049) }, RangeError, "data"],
  ["a lone surrogate", { data: `${LONE}x` }, TypeError, "data"],
  ["an object", { data: { step: 1 } }, TypeError, "data"],
  ["null", { data: null }, TypeError, "data"],
  ["a controller", { signal: new AbortController() }, TypeError, "signal"],
  ["the global object, which has listeners", { signal: globalThis }, TypeError, "signal"],
  ["null", { signal: null }, TypeError, "signal"],
  ["a number of milliseconds", { signal: 5_000 }, TypeError, "signal"],
  ["an option of the manager", { pollMs: 100 }, TypeError, "pollMs"],
  ["an option of the manager", { table: "locks" }, TypeError, "table"],
  ...durations("permits", 1, 100),
  ["beside permits", { permits: 2, mode: "shared" }, TypeError, "mode"],
  ["no mode", { mode: "write" }, TypeError, "mode"],
  ["null", { mode: null }, TypeError, "mode"],
  ["no boolean", { reentrant: 1 }, TypeError, "reentrant"],
];

for (const [what, options, type, names] of ACQUIRE) {
  Deno.test(`acquire() refuses '${names}' when it is ${what}, before any request`, async () => {
    const world = await World.create();
    const { manager, events } = world.process();
    for (const verb of ["acquire", "tryAcquire"] as const) {
      const call = () => world.until(manager[verb]("job", options as AcquireOptions));
      checkMessage(await assertRejects(call, type), names);
    }
    assertEquals([world.sent(), events], [[], []]);
    await world.until(manager.close());
  });
}

const MANAGER: readonly Row[] = [
  ...BOTH,
  ...durations("pollMs", 50, 60_000),
  ...durations("maxHandoffMs", 0, 600_000),
  ...durations("maxClockSkewMs", 0, 900_000),
  ["infinity", { pollMs: Infinity }, RangeError, "pollMs"],
  ["infinity", { maxHandoffMs: Infinity }, RangeError, "maxHandoffMs"],
  ["no function", { onEvent: true }, TypeError, "onEvent"],
  ["no function", { fetch: "fetch" }, TypeError, "fetch"],
  ["the name of a layout", { layout: "javaLockClient" }, TypeError, "layout"],
  ["an array", { layout: [] }, TypeError, "layout"],
  ["null", { layout: null }, TypeError, "layout"],
  ["no client", { client: {} }, TypeError, "client"],
  ["null", { client: null }, TypeError, "client"],
  ["the client of an AWS SDK", { client: { send: () => {} } }, TypeError, "client"],
  ["half a runtime", { runtime: { now: () => 0 } }, TypeError, "runtime"],
  ["a text", { allowInsecureEndpoint: "yes" }, TypeError, "allowInsecureEndpoint"],
  ["a number", { region: 1 }, TypeError, "region"],
  ["an option of one acquisition", { data: "x" }, TypeError, "data"],
  ["an option of one acquisition", { signal: AbortSignal.abort() }, TypeError, "signal"],
  ["a number", { table: 5 }, TypeError, "options"],
  ["null", { table: null }, TypeError, "options"],
  ["an empty name", { table: "" }, RangeError, "name"],
  ["a name of 2 letters", { table: "ab" }, RangeError, "name"],
  ["a name of 256 letters", { table: "x".repeat(256) }, RangeError, "name"],
  ["a name with a slash", { table: "a/b/c" }, RangeError, "name"],
  ["a name with a space", { table: "my locks" }, RangeError, "name"],
  ["a name with a line break", { table: "locks\n" }, RangeError, "name"],
  ["the ARN of another service", { table: "arn:aws:s3:::bucket/locks" }, RangeError, "name"],
  ["no name", { table: {} }, RangeError, "table"],
  ["a number", { table: { name: 5 } }, RangeError, "name"],
  ["an unknown option", { table: { name: "locks", key: "id" } }, TypeError, "key"],
  ["empty", { table: { name: "locks", partitionKey: "" } }, RangeError, "partitionKey"],
  [
    "256 letters",
    { table: { name: "locks", partitionKey: "x".repeat(256) } },
    RangeError,
    "partitionKey",
  ],
  ["a number", { table: { name: "locks", partitionKey: 1 } }, TypeError, "partitionKey"],
  ["the partition key", { table: { name: "locks", sortKey: "key" } }, RangeError, "sortKey"],
  ["empty", { table: { name: "locks", sortKey: "sk", sortValue: "" } }, RangeError, "sortValue"],
  [
    "1,025 bytes",
    { table: { name: "locks", sortKey: "sk", sortValue: "x".repeat(1_025) } },
    RangeError,
    "sortValue",
  ],
  ["without a sort key", { table: { name: "locks", sortValue: "lock" } }, TypeError, "sortValue"],
  ["2,048 bytes", { table: { name: "locks", prefix: "x".repeat(2_048) } }, RangeError, "prefix"],
  ["a lone surrogate", { table: { name: "locks", prefix: LONE } }, TypeError, "prefix"],
  ...["format", "fence", "holders", "exclusive", "permits", "waiting", "purge"].flatMap((
    name,
  ): Row[] => [
    [
      "an attribute of the record",
      { table: { name: "locks", partitionKey: name } },
      RangeError,
      "partitionKey",
    ],
    [
      "an attribute of the record",
      { table: { name: "locks", sortKey: name } },
      RangeError,
      "sortKey",
    ],
  ]),
];

for (const [what, options, type, names] of MANAGER) {
  Deno.test(`new LockManager() refuses ${JSON.stringify(show(options))}: '${names}' is ${what}`, () => {
    const make = () => new LockManager(options as LockManagerOptions);
    checkMessage(assertThrows(make, type), names);
  });
}

/** Options short enough for the name of a test. */
function show(options: unknown): string {
  const text = JSON.stringify(
    options,
    (_, value) =>
      typeof value === "number" || typeof value === "bigint" || typeof value === "function"
        ? String(value)
        : value,
  ) ?? "";
  return text.replaceAll('"', "").slice(0, 60);
}

Deno.test("new LockManager() refuses options of a client beside 'client'", async () => {
  const world = await World.create();
  const client = world.client(world.time.node());
  for (
    const option of [
      { region: "eu-west-1" },
      { credentials: { accessKeyId: "a", secretAccessKey: "b" } },
      { endpoint: "https://example.com" },
      { allowInsecureEndpoint: true },
      { env: {} },
      { fetch: world.dynamo.fetch },
    ]
  ) {
    const error = assertThrows(() => new LockManager({ client, ...option }), TypeError);
    checkMessage(error, Object.keys(option)[0]!);
  }
});

Deno.test("new LockManager() shows no endpoint that it refuses beside 'client'", async () => {
  const world = await World.create();
  const client = world.client(world.time.node());
  const options = { client, endpoint: "https://me:hunter2@host" };
  const error = assertThrows(() => new LockManager(options), TypeError);
  assert(!error.message.includes("hunter2"));
});

Deno.test("a client in place of options is refused, also one of another copy of the package", async () => {
  const world = await World.create();
  class Other {
    static {
      Object.defineProperty(this.prototype, CLIENT_BRAND, { value: true });
    }
  }
  for (const client of [world.client(world.time.node()), new Other()]) {
    assertThrows(() => new LockManager(client as never), TypeError, "'{ client }'");
    await assertRejects(() => createTable(client as never), TypeError, "'{ client }'");
  }
});

Deno.test("new LockManager() takes keys that a class gives by getters", async () => {
  class Keys {
    get accessKeyId() {
      return "test";
    }
    get secretAccessKey() {
      return "test";
    }
  }
  const world = await World.create();
  const runtime = world.time.node().runtime(world.dynamo.fetch);
  const manager = new LockManager({ region: "local", credentials: new Keys(), runtime, env: {} });
  await world.until(manager.close());
  const client = new DynamoClient({
    region: "local",
    credentials: new Keys(),
    signer: quickSigner,
    runtime,
  });
  await world.until(client.send("ListTables", {}));
});

Deno.test("new LockManager() takes what is at the limits", () => {
  const arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/locks";
  for (
    const options of [
      {},
      { leaseMs: 2_000, pollMs: 50, maxHandoffMs: 0, maxClockSkewMs: 0 },
      { leaseMs: 7 * DAY_MS, pollMs: 60_000, maxHandoffMs: 600_000, maxClockSkewMs: 900_000 },
      { maxClockSkewMs: Infinity },
      { owner: "x".repeat(256), renew: false },
      { table: "abc" },
      { table: "x".repeat(255) },
      { table: "a.b_c-D9" },
      { table: arn },
      { table: { name: "locks", partitionKey: "x".repeat(255), sortKey: "sk", prefix: "l#" } },
      { leaseMs: undefined, table: undefined, onEvent: undefined } as unknown as LockManagerOptions,
    ]
  ) new LockManager(options);
});

Deno.test("new LockManager() reads its options once: what is changed later has no effect", async () => {
  const world = await World.create();
  const options = { leaseMs: 30_000, owner: "first" };
  const process = world.process(options);
  options.leaseMs = 2_000;
  const direct: LockManagerOptions = { client: world.client(process.node), leaseMs: 40_000 };
  const runtime = process.node.runtime(world.dynamo.fetch);
  const changed = { ...direct, runtime };
  const manager = new LockManager(changed);
  Object.assign(changed, { leaseMs: 5, owner: 7 });
  await world.until(manager.acquire("job"));
  const [holder] = Object.values(world.record("job")!.holders.M);
  assertEquals(holder!.M.l!.N, "40000");
  await world.until(manager.close());
  await world.end(process);
});

Deno.test("options of an acquisition win over those of the manager", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 30_000, renew: false, owner: "manager" });
  const stored = async (options: AcquireOptions) => {
    const lease = await world.until(process.manager.acquire("job", options));
    const [holder] = Object.values(world.record("job")!.holders.M);
    await world.pass(12_000);
    const renewed = world.kinds().includes("renew");
    await world.until(lease.release());
    world.sent();
    return [holder!.M.l!.N, holder!.M.o!.S, renewed];
  };
  assertEquals(await stored({}), ["30000", "manager", false]);
  assertEquals(await stored({ leaseMs: 24_000, owner: "own", renew: true }), [
    "24000",
    "own",
    true,
  ]);
  // An option that is there but undefined counts as not given.
  const none = { leaseMs: undefined, owner: undefined, renew: undefined } as unknown;
  assertEquals(await stored(none as AcquireOptions), ["30000", "manager", false]);
  await world.end(process);
});

Deno.test("an owner that nobody names is the same for a manager, and differs between managers", async () => {
  const world = await World.create();
  const one = world.process();
  const other = world.process();
  const owners = [];
  for (
    const [manager, name] of [[one.manager, "a"], [one.manager, "b"], [other.manager, "c"]] as const
  ) {
    owners.push((await world.until(manager.acquire(name))).ownerId);
  }
  assertMatch(owners[0]!, /^[0-9a-f]{16}$/);
  assertEquals(owners[0], owners[1]);
  assert(owners[0] !== owners[2]);
  await world.end(one, other);
});

const CONNECTIONS: readonly (readonly [string, LockManagerOptions])[] = [
  ["a Region that names a host", { region: "eu-west-1.evil.example/" }],
  ["a Region with a user part", { region: "x@evil.example" }],
  ["a Region with a line break", { region: "eu-west-1\r\nx: y" }],
  ["a Region with a fragment", { region: "evil.example#" }],
  ["an empty Region", { region: "" }],
  ["an endpoint without encryption", { endpoint: "http://dynamodb.example.com" }],
  ["an endpoint that looks like loopback", { endpoint: "http://127.0.0.1.example.com" }],
  ["an endpoint that looks like localhost", { endpoint: "http://localhost.example.com" }],
  ["an endpoint with a password", { endpoint: "https://user:hunter2@example.com" }],
  ["an endpoint with a path", { endpoint: "https://example.com/dynamodb" }],
  ["an endpoint of another kind", { endpoint: "ftp://example.com" }],
  ["an endpoint that is no URL", { endpoint: "example" }],
];

for (const [what, options] of CONNECTIONS) {
  Deno.test(`new LockManager() throws a RangeError when there is ${what}`, () => {
    const error = assertThrows(() => new LockManager(options), RangeError);
    assert(!error.message.includes("hunter2"));
  });

  Deno.test(`acquire() sends nothing when the environment has ${what}`, async () => {
    const { region, endpoint } = options;
    if (region === "") return; // a variable that is empty is not set
    const world = await World.create();
    const manager = new LockManager({
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      env: { AWS_REGION: region ?? "eu-west-1", AWS_ENDPOINT_URL: endpoint as string | undefined },
      runtime: world.time.node().runtime(world.dynamo.fetch),
    });
    for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
      const error = await assertRejects(
        () => world.until<unknown>(manager[verb]("job")),
        RangeError,
      );
      assert(!error.message.includes("hunter2"));
    }
    assertEquals(world.sent(), []);
    await world.until(manager.close());
  });
}

Deno.test("an endpoint of plain http: on another host is used where that is asked for", async () => {
  const world = await World.create();
  const urls = new Set<string>();
  const manager = new LockManager({
    region: "local",
    endpoint: "http://dynamodb:8000",
    allowInsecureEndpoint: true,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    fetch: (url, init) => {
      urls.add(String(url));
      return world.dynamo.fetch(url, init);
    },
  });
  assert(await manager.tryAcquire("job"));
  await manager.close();
  assertEquals([...urls], ["http://dynamodb:8000"]);
});

for (
  const [what, keys] of [
    ["empty", {}],
    ["null", null],
    ["a text", "AKIA"],
    ["numbers", { accessKeyId: 12, secretAccessKey: 34 }],
    ["a secret with a line break", { accessKeyId: "a", secretAccessKey: "hunter2\n" }],
    ["temporary without their token", { accessKeyId: "ASIAX", secretAccessKey: "hunter2" }],
  ] as const
) {
  Deno.test(`new LockManager() throws a TypeError when the keys are ${what}`, () => {
    const options = { credentials: keys } as unknown as LockManagerOptions;
    const error = assertThrows(() => new LockManager(options), TypeError, "Cannot use credentials");
    assert(!error.message.includes("hunter2"));
  });
}

Deno.test("inspect() refuses unknown options, and a signal that is none", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const rows: readonly [unknown, string][] = [
    [{ signl: AbortSignal.abort() }, "signl"],
    [{ leaseMs: 5_000 }, "leaseMs"],
    [{ signal: {} }, "signal"],
    [5, "options"],
    [null, "options"],
  ];
  for (const [options, names] of rows) {
    const call = () => world.until(manager.inspect("job", options as InspectOptions));
    checkMessage(await assertRejects(call, TypeError), names);
  }
  assertEquals(world.sent(), []);
  await world.until(manager.close());
});

Deno.test("a misspelt option of DynamoClient is refused as well", () => {
  assertThrows(() => new DynamoClient({ regoin: "x" } as unknown as object), TypeError, "regoin");
});

Deno.test("an array in place of options is refused", async () => {
  const world = await World.create();
  const { manager } = world.process();
  assertThrows(() => new LockManager([] as LockManagerOptions), TypeError);
  await assertRejects(() => manager.tryAcquire("job", [] as AcquireOptions), TypeError);
  assertEquals(world.sent(), []);
});

Deno.test("new LockManager() refuses a key that the layout has no room for", () => {
  const table = { name: "locks", partitionKey: "leaseDuration" };
  assertThrows(() => new LockManager({ table, layout: javaLockClient() }), RangeError);
});
