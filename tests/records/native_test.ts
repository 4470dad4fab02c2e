/** The record of this package: each write against each state of the record, and reading it back. */

import { assertEquals, assertThrows } from "@std/assert";
import { DynamoClient, isDynamoError } from "../../src/dynamodb/mod.ts";
import { LockTableError } from "../../src/errors.ts";
import type { TablePlace, WriteInput } from "../../src/records/layout.ts";
import { NativeLayout } from "../../src/records/native.ts";
import type { Grant, Item } from "../../src/records/record.ts";
import { type AttributeMap, MemoryDynamo } from "../../src/testing/mod.ts";
import { quickSigner } from "../support/world.ts";

const PLACE: TablePlace = { name: "locks", partitionKey: "id", prefix: "" };
const layout = new NativeLayout(PLACE);

const ME = "a".repeat(32);
const OTHER = "b".repeat(32);

function grant(parts: Partial<Grant> = {}): Grant {
  const usual = { grantId: ME, token: 100, ownerId: "me", leaseMs: 20_000, expires: 50_000 };
  return { mode: "exclusive", madeAt: 30_000, ...usual, ...parts };
}

function entry(parts: Record<string, string> = {}): { M: Item } {
  const usual = { t: "90", e: "40000", l: "20000" };
  const numbers = Object.entries({ ...usual, ...parts }).map(([name, N]) => [name, { N }]);
  return { M: { ...Object.fromEntries(numbers), m: { S: "x" }, o: { S: "them" } } };
}

/** A record; `undefined` takes an attribute out. */
function record(attributes: Record<string, unknown> = {}): Item {
  const usual = { format: { N: "1" }, fence: { N: "90" }, holders: { M: {} }, purge: { N: "7" } };
  const all = Object.entries({ id: { S: "job" }, ...usual, ...attributes });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Item;
}

const held = (parts?: Record<string, string>) => ({ M: { [OTHER]: entry(parts) } });
const mine = (parts?: Record<string, string>) => ({ M: { [ME]: entry(parts) } });

/** Sends a write to a table with this item only, and says what became of both. */
async function write(
  input: WriteInput,
  item?: Item,
): Promise<{ result: "applied" | "refused"; shown: Item | undefined; after: Item | undefined }> {
  const dynamo = new MemoryDynamo();
  const client = new DynamoClient({
    region: "local",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    signer: quickSigner,
    fetch: dynamo.fetch,
  });
  await client.send("CreateTable", {
    TableName: "locks",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  const table = dynamo.table("locks");
  if (item !== undefined) table.put(item as AttributeMap);
  const after = () => table.get({ id: { S: "job" } });
  try {
    const { Attributes } = await client.send<{ Attributes?: Item }>("UpdateItem", input);
    return { result: "applied", shown: Attributes, after: after() };
  } catch (error) {
    if (!isDynamoError(error) || error.code !== "ConditionalCheckFailedException") throw error;
    return { result: "refused", shown: error.item, after: after() };
  }
}

async function applies(input: WriteInput, item?: Item): Promise<Item | undefined> {
  const { result, after } = await write(input, item);
  assertEquals(result, "applied");
  return after;
}

async function refuses(input: WriteInput, item?: Item): Promise<void> {
  const { result, shown, after } = await write(input, item);
  assertEquals(result, "refused");
  assertEquals(after, item, "nothing is changed");
  assertEquals(shown, item, "the record comes back");
}

const GRANTED = record({
  fence: { N: "100" },
  holders: {
    M: {
      [ME]: {
        M: {
          t: { N: "100" },
          m: { S: "x" },
          o: { S: "me" },
          e: { N: "50000" },
          l: { N: "20000" },
        },
      },
    },
  },
  exclusive: { S: ME },
  purge: { N: "2592050" }, // 30 days after the end of the lease
});

Deno.test("acquire() takes an absent lock and a free one, and shows the record", async () => {
  for (const item of [undefined, record(), record({ permits: { N: "5" } })]) {
    const { result, shown, after } = await write(layout.acquire("job", grant()), item);
    assertEquals(result, "applied");
    assertEquals(after, GRANTED);
    assertEquals(shown, GRANTED);
  }
});

Deno.test("acquire() stores data where there is some, also an empty text", async () => {
  for (const data of ["x", ""]) {
    const { shown } = await write(layout.acquire("job", grant({ data })));
    assertEquals(layout.parse("job", shown)?.holders[0]?.data, data);
  }
});

Deno.test("acquire() is refused when somebody is in, or the fence is not below its token", async () => {
  await refuses(layout.acquire("job", grant()), record({ holders: held() }));
  await refuses(layout.acquire("job", grant()), record({ fence: { N: "100" } }));
  await refuses(layout.acquire("job", grant()), record({ fence: { N: "101" } }));
  await refuses(layout.acquire("job", grant()), record({ fence: { N: "9007199254740993" } }));
});

Deno.test("acquire() and close() are refused when the item is not of this format", async () => {
  for (
    const item of [
      record({ format: undefined }),
      record({ format: { N: "2" } }),
      record({ format: { S: "1" } }),
      { id: { S: "job" } },
      { id: { S: "job" }, owner: { S: "them" } },
    ]
  ) {
    await refuses(layout.acquire("job", grant()), item);
    await refuses(layout.close("job", grant()), item);
  }
});

Deno.test("takeOver() removes dead holders exactly as they were read", async () => {
  const item = record({ holders: held(), exclusive: { S: OTHER } });
  const seen = layout.parse("job", item)!;
  assertEquals(await applies(layout.takeOver("job", grant(), seen, seen.holders), item), GRANTED);
});

Deno.test("takeOver() is refused when anything has changed since", async () => {
  const seen = layout.parse("job", record({ holders: held() }))!;
  const input = layout.takeOver("job", grant(), seen, seen.holders);
  await refuses(input, record({ holders: held({ e: "40001" }) }));
  await refuses(input, record({ holders: held(), fence: { N: "91" } }));
  await refuses(input, record({ holders: mine() }));
  await refuses(input, record({ holders: { M: { ...held().M, ...mine().M } } }));
  await refuses(input, record());
  await refuses(input, undefined);
});

Deno.test("handOver() replaces one grant by the next", async () => {
  const item = record({ holders: held(), exclusive: { S: OTHER } });
  assertEquals(
    await applies(layout.handOver("job", { grantId: OTHER, mode: "exclusive" }, grant()), item),
    GRANTED,
  );
});

Deno.test("handOver() is refused when the old grant is gone or the fence has passed", async () => {
  const input = layout.handOver("job", { grantId: OTHER, mode: "exclusive" }, grant());
  await refuses(input, record());
  await refuses(input, undefined);
  await refuses(input, record({ holders: { M: { ["c".repeat(32)]: entry() } } }));
  await refuses(input, record({ holders: held(), fence: { N: "100" } }));
});

Deno.test("renew() moves the end and the time to live, and nothing else", async () => {
  const item = record({ holders: mine(), exclusive: { S: ME } });
  const after = await applies(layout.renew("job", grant(), 60_000), item);
  assertEquals(after, { ...item, holders: mine({ e: "60000" }), purge: { N: "2592060" } });
});

Deno.test("renew() is refused when the grant is gone or its end is as late already", async () => {
  const input = layout.renew("job", grant(), 40_000);
  await refuses(input, undefined);
  await refuses(input, record());
  await refuses(input, record({ holders: held() }));
  await refuses(input, record({ holders: mine() }));
  await refuses(input, record({ holders: mine({ e: "40001" }) }));
});

Deno.test("renew() replaces data, keeps it, or with null removes it", async () => {
  let item = record({ holders: mine() });
  const data = async (change?: string | null) => {
    const end = Number(layout.parse("job", item)!.holders[0]!.expires) + 1;
    item = (await applies(layout.renew("job", grant(), end, change), item))!;
    return layout.parse("job", item)!.holders[0]!.data;
  };
  assertEquals(await data("one"), "one");
  assertEquals(await data(), "one");
  assertEquals(await data(""), "");
  assertEquals(await data(null), undefined);
  assertEquals(await data(null), undefined);
});

Deno.test("release() takes the holder out and leaves fence and time to live", async () => {
  const item = record({ holders: mine(), exclusive: { S: ME } });
  assertEquals(await applies(layout.release("job", grant()), item), record());
});

Deno.test("release() is refused when the grant is gone, and touches nobody else's", async () => {
  const theirs = record({ holders: held(), exclusive: { S: OTHER } });
  await refuses(layout.release("job", grant()), theirs);
  await refuses(layout.release("job", grant()), record());
  await refuses(layout.release("job", grant()), undefined);
});

Deno.test("close() raises the fence and leaves who is in", async () => {
  const item = record({ holders: held(), exclusive: { S: OTHER } });
  assertEquals(await applies(layout.close("job", grant()), item), { ...item, fence: { N: "100" } });
});

Deno.test("close() makes the record where there is none, so that a late write finds its fence", async () => {
  const after = await applies(layout.close("job", grant()));
  assertEquals(after, record({ fence: { N: "100" }, purge: { N: "2592050" } }));
  await refuses(layout.acquire("job", grant()), after);
});

Deno.test("close() is refused when the fence has passed, and shows the record", async () => {
  await refuses(layout.close("job", grant()), record({ fence: { N: "100" } }));
  await refuses(layout.close("job", grant()), record({ fence: { N: "200" }, holders: held() }));
});

Deno.test("a key is the prefix and the name, and the value of the sort key where there is one", () => {
  const place = {
    name: "app",
    partitionKey: "pk",
    sortKey: "sk",
    sortValue: "#lock",
    prefix: "l#",
  };
  const keyed = new NativeLayout(place);
  const key = { pk: { S: "l#job" }, sk: { S: "#lock" } };
  assertEquals(keyed.read("job"), { TableName: "app", Key: key, ConsistentRead: true });
  assertEquals(keyed.release("job", grant()).Key, key);
  const acquire = keyed.acquire("job", grant());
  assertEquals([acquire.TableName, acquire.Key], ["app", key]);
  assertEquals(Object.values(acquire.ExpressionAttributeNames).includes("pk"), true);
});

Deno.test("no expression spells a name of the caller's: all go through placeholders", () => {
  const place = {
    name: "t",
    partitionKey: "select from",
    sortKey: "a-b",
    sortValue: "x",
    prefix: "",
  };
  const keyed = new NativeLayout(place);
  const seen = layout.parse("job", record({ holders: held() }))!;
  for (
    const input of [
      keyed.acquire("job", grant()),
      keyed.takeOver("job", grant(), seen, seen.holders),
      keyed.handOver("job", { grantId: OTHER, mode: "exclusive" }, grant()),
      keyed.renew("job", grant(), 1, "data"),
      keyed.release("job", grant()),
      keyed.close("job", grant()),
    ]
  ) {
    const text = `${input.UpdateExpression} ${input.ConditionExpression}`;
    for (const word of ["select", "a-b", "holders", "fence", "purge", "data", ME, OTHER]) {
      assertEquals(text.replace(/[#:]\w+/g, "").includes(word), false, `${word} in ${text}`);
    }
  }
});

Deno.test("parse() reads a record with its holders", () => {
  const item = record({
    holders: { M: { [OTHER]: { M: { ...entry().M, d: { S: "page 3" } } } } },
    exclusive: { S: OTHER },
  });
  const { fence, holders } = layout.parse("job", item)!;
  assertEquals(fence, 90);
  assertEquals(holders, [{
    grantId: OTHER,
    token: 90,
    mode: "exclusive",
    ownerId: "them",
    expires: 40_000,
    leaseMs: 20_000,
    data: "page 3",
  }]);
  assertEquals(layout.parse("job", undefined), undefined);
});

/** What is damaged, in words and by the name of the attribute that the error has. */
const DAMAGED: readonly [what: string, attribute: string, Item][] = [
  ["no fence", "fence", record({ fence: undefined })],
  ["a fence that is no number", "fence", record({ fence: { S: "90" } })],
  ["a fence with a fraction", "fence", record({ fence: { N: "1.5" } })],
  ["a fence below zero", "fence", record({ fence: { N: "-1" } })],
  ["a fence of 2^53", "fence", record({ fence: { N: "9007199254740992" } })],
  ["a fence above 2^53", "fence", record({ fence: { N: "9007199254740993" } })],
  ["a fence with an exponent", "fence", record({ fence: { N: "1e300" } })],
  ["no holders", "holders", record({ holders: undefined })],
  ["holders that are a list", "holders", record({ holders: { L: [] } })],
  ["holders that are a text", "holders", record({ holders: { S: "" } })],
  ["a holder that is no map", "holders", record({ holders: { M: { [ME]: { S: "x" } } } })],
  ["permits that are no number", "permits", record({ permits: { S: "5" } })],
  ["a waiting that is no number", "waiting", record({ waiting: { S: "5" } })],
  ...["t", "m", "o", "e", "l"].map((name): [string, string, Item] => {
    const { [name]: _, ...rest } = entry().M;
    const item = record({ holders: { M: { [ME]: { M: rest } } } });
    return [`a holder without ${name}`, `holders.${name}`, item];
  }),
  ...["t", "m", "o", "e", "l", "d"].map((name): [string, string, Item] => {
    const wrong = { ...entry().M, [name]: { BOOL: true } };
    const item = record({ holders: { M: { [OTHER]: entry(), [ME]: { M: wrong } } } });
    return [`a holder whose ${name} is true`, `holders.${name}`, item];
  }),
  ["a lease of more than 7 days", "holders.l", record({ holders: mine({ l: "604800001" }) })],
  [
    "an end that no Date can hold",
    "holders.e",
    record({ holders: mine({ e: "8640000000000001" }) }),
  ],
  [
    "a mode that does not exist",
    "holders.m",
    record({ holders: { M: { [ME]: { M: { ...entry().M, m: { S: "constructor" } } } } } }),
  ],
];

for (const [what, attribute, item] of DAMAGED) {
  Deno.test(`parse() throws RECORD_INVALID when the record has ${what}`, () => {
    const error = assertThrows(() => layout.parse("job", item), LockTableError);
    assertEquals([error.code, error.lockName], ["RECORD_INVALID", "job"]);
    // The attribute, and nothing of its value, or of the grant that only its holder may know.
    assertEquals(error.message, `Cannot use lock 'job' as its '${attribute}' is damaged`);
  });
}

for (const format of [undefined, { N: "2" }, { N: "0" }, { S: "1" }, { BOOL: true }]) {
  Deno.test(`parse() throws RECORD_FOREIGN when the format is ${JSON.stringify(format)}`, () => {
    const error = assertThrows(() => layout.parse("job", record({ format })), LockTableError);
    assertEquals([error.code, error.lockName], ["RECORD_FOREIGN", "job"]);
  });
}
