/** Holds the tables of options in the README against the options that there are. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type AcquireOptions, LockManager, type LockManagerOptions } from "../mod.ts";
import { MANAGER_DEFAULTS } from "../src/options.ts";
import { ROOT } from "./offline/config.ts";
import { World } from "./support/world.ts";

const README = await Deno.readTextFile(new URL("README.md", ROOT));

/** A row of a table. */
interface Row {
  readonly option: string;
  /** It can be set for a whole manager too. */
  readonly starred: boolean;
  readonly default: string;
  readonly limits: string;
}

/** The part of the README with a heading. */
function section(heading: string): string {
  return README.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
}

/** The rows of the two tables of options. */
function tables(): [acquisition: Row[], manager: Row[]] {
  const parts = section("Options").split("Of a `LockManager`:");
  return parts.map((part) =>
    part.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      const [, names = "", usual = "", limits = ""] = cells;
      return [...names.matchAll(/`(\w+)`( \*)?/g)].map(([, option, star]): Row => ({
        ...{ option: option!, starred: star !== undefined, default: usual, limits },
      }));
    })
  ) as [Row[], Row[]];
}

/** The options of an interface, with the defaults that their documentation gives. */
async function optionsOf(path: string, name: string): Promise<Map<string, string | undefined>> {
  const source = await Deno.readTextFile(new URL(path, ROOT));
  const [, body] = RegExp(`^export interface ${name}\\b[^{]*\\{\n(.*?)^\\}`, "ms").exec(source)!;
  const options = new Map<string, string | undefined>();
  let start = 0;
  for (const match of body!.matchAll(/^ {2}readonly (\w+)\?:/gm)) {
    const comment = body!.slice(start, match.index);
    start = match.index;
    options.set(match[1]!, /@default \{(.*?)\}/s.exec(comment)?.[1]);
  }
  return options;
}

const acquisition = await optionsOf("src/options/acquire.ts", "AcquireOptions");
const manager = new Map([
  ...await optionsOf("src/options.ts", "LockManagerOptions"),
  ...await optionsOf("src/options/connection.ts", "ConnectionOptions"),
]);
const [own, whole] = tables();

Deno.test("the README's tables have every option, and no other", () => {
  assertEquals(own.map(({ option }) => option).sort(), [...acquisition.keys()].sort());
  const both = own.filter(({ option }) => manager.has(option)).map(({ option }) => option);
  assertEquals(own.filter(({ starred }) => starred).map(({ option }) => option), both);
  const names = [...both, ...whole.map(({ option }) => option)];
  assertEquals(names.sort(), [...manager.keys()].sort());
});

/** A default as the tables write it; `undefined` where the documentation has none to compare. */
function shown(documented: string | undefined): string | undefined {
  if (documented === undefined || documented === "no limit") return "none";
  if (/^\d+$/.test(documented)) return documented.replace(/\B(?=(\d{3})+$)/g, " ");
  return /^(?:true|false|".*")$/.test(documented) ? `\`${documented}\`` : undefined;
}

/** Defaults that are no value, and are told in words. */
const IN_WORDS = ["owner", "table", "layout", "region", "credentials", "endpoint", "env", "fetch"];

Deno.test("the README's tables have the right defaults", () => {
  for (const { option, default: usual } of own) {
    if (IN_WORDS.includes(option)) continue;
    assertEquals([option, usual], [option, shown(acquisition.get(option))]);
  }
  for (const { option, default: usual } of whole) {
    if ([...IN_WORDS, "allowInsecureEndpoint", "runtime"].includes(option)) continue;
    assertEquals([option, usual], [option, shown(manager.get(option))]);
  }
  for (const [option, value] of Object.entries(MANAGER_DEFAULTS)) {
    const row = [...own, ...whole].find((one) => one.option === option);
    assertEquals([option, row?.default], [option, shown(`${value}`)]);
  }
});

/** What is inside of some limits, at both ends, and what is outside of them. */
function around(limits: string): { inside: unknown[]; outside: unknown[] } {
  const [, least, most, bytes] = /^([\d ]+) to ([\d ]+?)( bytes)?$/.exec(limits)!;
  const [from, to] = [least, most].map((text) => Number(text!.replaceAll(" ", ""))) as [
    number,
    number,
  ];
  const value = (size: number) => bytes ? "x".repeat(size) : size;
  const below = bytes && from === 0 ? [] : [value(from - 1)];
  return { inside: [value(from), value(to)], outside: [...below, value(to + 1)] };
}

const limited = (rows: readonly Row[]) => rows.filter(({ limits }) => limits !== "");

Deno.test("the limits of a manager's options are those of the README's tables", () => {
  const make = (options: LockManagerOptions) => new LockManager(options);
  const rows = limited([...own.filter(({ starred }) => starred), ...whole]);
  assert(rows.length >= 6);
  for (const { option, limits } of rows) {
    const { inside, outside } = around(limits);
    for (const value of inside) make({ [option]: value });
    for (const value of outside) assertThrows(() => make({ [option]: value }), RangeError, option);
  }
});

Deno.test("the limits of an acquisition's options are those of the README's tables", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const take = async (options: AcquireOptions) =>
    await world.until(manager.acquire("job", options).then((lease) => lease.release()));
  assert(limited(own).length >= 6);
  for (const { option, limits } of limited(own)) {
    const { inside, outside } = around(limits);
    for (const value of inside) await take({ [option]: value });
    for (const value of outside) {
      await assertRejects(() => take({ [option]: value }), RangeError, option);
    }
  }
  await world.until(manager.close());
});

Deno.test("the README has the options of the Web Locks", async () => {
  const options = await optionsOf("src/web_locks/options.ts", "LockRequestOptions");
  const [, named] =
    /The options are (.*?), and besides them those of any\s+acquisition but `(\w+)`/s
      .exec(section("Web Locks"))!;
  const names = [...named!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  const isKnown = (name: string) => options.has(name) || acquisition.has(name);
  assertEquals(names.filter((name) => !isKnown(name)), []);
  assertEquals([...options.keys()].filter((name) => !names.includes(name)), []);
  const source = await Deno.readTextFile(new URL("src/web_locks/options.ts", ROOT));
  assert(source.includes('extends Omit<AcquireOptions, "reentrant">'));
});

Deno.test("the README has every entry point", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const rows = [...section("Entry points").matchAll(/^\| `(@x\/dynamo-lock(?:\/\w+)?)`/gm)];
  const paths = Object.keys(exports).map((path) => path.replace(".", "@x/dynamo-lock"));
  assertEquals(rows.map(([, path]) => path!).sort(), paths.sort());
});
