/** The table of this folder says of each defect what answers it: that must be there, and none left out. */

import { assert, assertEquals } from "@std/assert";
import { findFiles } from "../gate/files.ts";
import { ROOT } from "../offline/config.ts";

/** How many defects are known of each client, or of what is listed under that heading. */
const KNOWN: Record<string, number> = {
  "AWS Java lock client": 17,
  "python_dynamodb_lock": 8,
  "DynaLock": 5,
  "dynamo-dlm": 8,
  "Go dynamolock": 9,
  "npm dynamodb-lock-client": 10,
  "Terraform": 3,
  "Others": 14,
  "What users ask for": 20,
};

/** The names of clients in the titles of tests. */
const LABELS: Record<string, string> = {
  "AWS Java lock client": "Java",
  "python_dynamodb_lock": "python",
  "dynamo-dlm": "dlm",
  "Go dynamolock": "Go",
  "npm dynamodb-lock-client": "npm",
};

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

interface Row {
  readonly client: string;
  readonly number: number;
  readonly answer: string;
}

async function rows(): Promise<Row[]> {
  const [, ...sections] = (await read("tests/defects/README.md")).split("\n## ");
  return sections.flatMap((section) => {
    const [client, ...lines] = section.split("\n");
    return lines.filter((line) => /^\| \d/.test(line)).map((line) => {
      const cells = line.split("|").map((cell) => cell.trim()).slice(1, -1);
      return { client: client!, number: Number(cells[0]), answer: cells.at(-1)! };
    });
  });
}

Deno.test("the table has every defect that is known, in order", async () => {
  const numbers = new Map<string, number[]>();
  for (const { client, number } of await rows()) {
    numbers.set(client, [...(numbers.get(client) ?? []), number]);
  }
  assertEquals(
    Object.fromEntries(numbers),
    Object.fromEntries(
      Object.entries(KNOWN).map(([client, count]) => [
        client,
        Array.from({ length: count }, (_, at) => at + 1),
      ]),
    ),
  );
});

Deno.test("what the table names exists: files, and tests of that title in them", async () => {
  for (const { client, number, answer } of await rows()) {
    assert(answer !== "", `${client} ${number} has no answer`);
    for (const [, path, title] of answer.matchAll(/`([\w/]+\.(?:ts|md))`(?: "([^"]+)")?/g)) {
      const text = await read(`tests/${path}`);
      if (title !== undefined) {
        assert(text.includes(title), `${client} ${number}: '${path}' has no "${title}"`);
      }
    }
  }
});

Deno.test("each defect that a test here is to answer is in the title of one, and none but these", async () => {
  const paths = await findFiles("tests/defects", "_test.ts");
  const titles = (await Promise.all(
    paths.map(async (path) =>
      [...(await read(path)).matchAll(/Deno\.test\(\s*["`](.+?): /g)].map(([, labels]) => labels!)
    ),
  )).flat().flatMap((labels) => labels.split(", "));
  const expected = (await rows()).filter(({ client, answer }) =>
    client !== "Others" && client !== "What users ask for" && /^`defects\//.test(answer)
  ).map(({ client, number }) => `${LABELS[client] ?? client} ${number}`);
  for (const label of expected) assert(titles.includes(label), `no test is about ${label}`);
  const known = await rows();
  for (const label of titles) {
    const [, name, number] = /^(\w+) (\d+)$/.exec(label) ?? [];
    const client = Object.keys(KNOWN).find((one) => (LABELS[one] ?? one) === name);
    if (client === undefined) continue; // of one of the others
    assert(
      known.some((row) => row.client === client && row.number === Number(number)),
      `no row is about ${label}`,
    );
  }
});
