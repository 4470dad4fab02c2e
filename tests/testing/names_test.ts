import { assertEquals } from "@std/assert";
import { Memory, ONE } from "./memory.ts";

const EMPTY = "Empty attribute name";
const LONG = "Attribute name is too large, must be less than 65536 bytes";
const PLAIN = { TableName: "plain", Key: ONE };
const ONE_MORE = { N: "1" };

/** Values with a name somewhere in them. */
function valuesWith(name: string): object[] {
  const map = { M: { [name]: ONE_MORE } };
  return [map, { M: { inner: map } }, { L: [ONE_MORE, map] }];
}

/** What `UpdateItem` says to a value. */
function setting(memory: Memory, value: object): Promise<string> {
  const input = {
    ...PLAIN,
    UpdateExpression: "SET z = :z",
    ExpressionAttributeValues: { ":z": value },
  };
  return memory.refusal("UpdateItem", input);
}

Deno.test("values refuse an empty attribute name at any depth", async () => {
  const memory = await Memory.withTables();
  for (const value of valuesWith("")) {
    assertEquals(
      await memory.refusal("PutItem", { TableName: "plain", Item: { ...ONE, value } }),
      `ValidationException: ${EMPTY}`,
    );
    assertEquals(
      await setting(memory, value),
      `ValidationException: ExpressionAttributeValues contains invalid value: ${EMPTY} for key :z`,
    );
  }
  assertEquals(await memory.get(), undefined);
});

Deno.test("values refuse an attribute name of 65,536 bytes at any depth", async () => {
  const memory = await Memory.withTables();
  for (const name of ["n".repeat(65_536), "é".repeat(32_768)]) {
    for (const value of valuesWith(name)) {
      assertEquals(
        await memory.refusal("PutItem", { TableName: "plain", Item: { ...ONE, value } }),
        `ValidationException: ${LONG}`,
      );
      assertEquals(
        await setting(memory, value),
        `ValidationException: ExpressionAttributeValues contains invalid value: ${LONG} for key :z`,
      );
    }
    for (
      const [operation, input] of [
        ["PutItem", { TableName: "plain", Item: { ...ONE, [name]: ONE_MORE } }],
        ["DeleteItem", { TableName: "plain", Key: { ...ONE, [name]: ONE_MORE } }],
      ] as const
    ) {
      assertEquals(await memory.refusal(operation, input), `ValidationException: ${LONG}`);
    }
    assertEquals(
      await memory.refusal("GetItem", {
        ...PLAIN,
        ProjectionExpression: "#n",
        ExpressionAttributeNames: { "#n": name },
      }),
      `ValidationException: ExpressionAttributeNames contains invalid value: ${LONG} for key #n`,
    );
  }
  const name = "n".repeat(65_535);
  await memory.put({ [name]: ONE_MORE });
  assertEquals(await memory.get(), { [name]: ONE_MORE });
});

Deno.test("placeholders are refused from 256 bytes on, whatever is in them", async () => {
  const memory = await Memory.withTables();
  const update = (n: string, v: string) => ({
    ...PLAIN,
    UpdateExpression: `SET #${n} = :${v}`,
    ExpressionAttributeNames: { [`#${n}`]: "n" },
    ExpressionAttributeValues: { [`:${v}`]: ONE_MORE },
  });
  const [fits, long] = ["p".repeat(254), "p".repeat(255)];
  await memory.ok("UpdateItem", update(fits, fits));
  const text =
    "contains invalid key: The expression attribute map contains a key that is too long;";
  for (const name of [long, "-".repeat(255)]) {
    assertEquals(
      await memory.refusal("UpdateItem", update(name, "v")),
      `ValidationException: ExpressionAttributeNames ${text} size of key: 256`,
    );
    assertEquals(
      await memory.refusal("UpdateItem", update("n", name)),
      `ValidationException: ExpressionAttributeValues ${text}`,
    );
  }
});
