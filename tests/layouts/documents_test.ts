/** What the documents say of layouts is what they are. */

import { assertEquals } from "@std/assert";
import {
  dynaLock,
  dynamoDlm,
  dynamolock,
  javaLockClient,
  type LayoutAbilities,
  type LayoutChoice,
  npmLockClient,
  pythonDynamodbLock,
  terraform,
} from "../../src/layouts.ts";
import { ROOT } from "../offline/config.ts";

const ALL: readonly (readonly [name: string, choice: LayoutChoice])[] = [
  ["`javaLockClient`", javaLockClient()],
  ["`dynamolock`", dynamolock()],
  ["`pythonDynamodbLock`", pythonDynamodbLock()],
  ["`dynaLock`", dynaLock()],
  ["`dynamoDlm`", dynamoDlm()],
  ["`npmLockClient`, fail-open", npmLockClient({ mode: "fail-open" })],
  ["`npmLockClient`, fail-closed", npmLockClient({ mode: "fail-closed" })],
  ["`terraform`", terraform()],
];

async function rows(path: string, columns: number): Promise<Map<string, string[]>> {
  const text = await Deno.readTextFile(new URL(path, ROOT));
  const lines = text.split("\n").map((line) => line.replace(/^ \* /, ""));
  const cells = lines.map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1));
  return new Map(
    cells.filter((row) => row.length === columns).map(([name, ...rest]) => [name!, rest]),
  );
}

function abilitiesOf(choice: LayoutChoice): LayoutAbilities {
  return choice.at({ name: "locks", partitionKey: "id", prefix: "" }).abilities;
}

const yes = (able: boolean) => able ? "yes" : "no";

Deno.test("the abilities in the documentation of ./layouts are those of the layouts", async () => {
  const table = await rows("src/layouts.ts", 5);
  for (const [name, choice] of ALL) {
    const { fencing, permits, data, serverClock, shared, guard } = abilitiesOf(choice);
    const [tokens, semaphore, stored, told] = table.get(name) ?? [];
    const token = fencing ? `a ${fencing}` : "no";
    assertEquals([tokens, semaphore, stored], [token, yes(permits), yes(data)], name);
    assertEquals(told === "by DynamoDB's clock", serverClock, name);
    assertEquals([shared, guard], [false, true], name);
  }
});

Deno.test("MIGRATION.md says the same of them", async () => {
  const table = await rows("MIGRATION.md", 6);
  for (const [name, choice] of ALL) {
    const row = table.get(name.split(",")[0]!);
    if (name.endsWith("closed")) continue; // in the row of fail-open
    const { fencing, permits, data, serverClock } = abilitiesOf(choice);
    const token = fencing ? "fail-open" : "no";
    assertEquals(row?.slice(0, 3), [token, yes(permits), yes(data)], name);
    assertEquals(row?.[3]?.startsWith("yes"), serverClock, name);
  }
});
