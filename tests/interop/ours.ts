/**
 * Our own lock client as a driver: with the layout of the client whose descriptor is its argument.
 *
 *     deno run -A tests/interop/ours.ts tests/interop/clients/<client>.ts
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it answers on the standard output

import { type Lease, LockManager } from "../../mod.ts";
import { ROOT } from "../offline/config.ts";
import type { InteropClient } from "./client.ts";

/** An order, as the harness sends it. */
interface Order {
  readonly cmd: string;
  readonly name: string;
  readonly [option: string]: unknown;
}

const { CLIENT } = await import(new URL(Deno.args[0]!, ROOT).href) as { CLIENT: InteropClient };
const leases = new Map<string, Lease>();
let manager: LockManager | undefined;

function open({ endpoint, table, leaseMs }: Order): object {
  manager = new LockManager({
    endpoint: endpoint as string,
    table: table as string,
    leaseMs: leaseMs as number,
    layout: CLIENT.layout,
    // The others ask often too: the suite is to be short, and the counter fair.
    pollMs: 100,
  });
  return {};
}

async function acquire({ name, wait, timeoutMs, data, permits }: Order): Promise<object> {
  const signal = AbortSignal.timeout(timeoutMs as number);
  const options = {
    signal,
    ...(typeof data === "string" && { data }),
    ...(typeof permits === "number" && { permits }),
  };
  try {
    const lease = wait
      ? await manager!.acquire(name, options)
      : await manager!.tryAcquire(name, options);
    if (lease !== null) leases.set(name, lease);
    return { held: lease !== null };
  } catch (error) {
    if (error === signal.reason) return { held: false };
    throw error;
  }
}

async function release({ name }: Order): Promise<object> {
  const lease = leases.get(name);
  leases.delete(name);
  return { released: await lease?.release() ?? false };
}

async function count({ name, file, rounds }: Order): Promise<object> {
  const path = file as string;
  for (let round = 0; round < (rounds as number); round++) {
    const lease = await manager!.acquire(name);
    const number = Number(await Deno.readTextFile(path));
    await new Promise((resolve) => setTimeout(resolve, 3));
    await Deno.writeTextFile(path, `${number + 1}`);
    if (!await lease.release()) throw new Error("the lease was lost");
    // Some of the others look every 100 ms only, and would hardly ever find it free.
    await new Promise((resolve) => setTimeout(resolve, 30 * Math.random()));
  }
  return { done: rounds };
}

/** Shares a lock, again and again; answers how many were in at once at the most. */
async function crowd({ name, folder, rounds, permits }: Order): Promise<object> {
  let most = 0;
  for (let round = 0; round < (rounds as number); round++) {
    const lease = await manager!.acquire(name, { permits: permits as number });
    const mark = `${folder}/${crypto.randomUUID()}`;
    await Deno.writeTextFile(mark, "");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const inside = await Array.fromAsync(Deno.readDir(folder as string));
    most = Math.max(most, inside.length);
    await Deno.remove(mark);
    if (!await lease.release()) throw new Error("the lease was lost");
  }
  return { most };
}

async function inspect({ name }: Order): Promise<object> {
  return { info: await manager!.inspect(name) };
}

const COMMANDS: Record<string, (order: Order) => object | Promise<object>> = {
  ...{ open, acquire, release, count, crowd, inspect },
  exit: () => Deno.exit(0),
};

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    try {
      const order = JSON.parse(line) as Order;
      console.log(JSON.stringify({ ok: true, ...await COMMANDS[order.cmd]!(order) }));
    } catch (error) {
      console.log(JSON.stringify({ ok: false, error: String(error) }));
    }
  }
}
