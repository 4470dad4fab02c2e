/** Runs the smoke suite inside requests of a Worker, and answers with the results as JSON. */

import { LockManager } from "../../mod.ts";
import { type Env, smoke, type SmokeResult } from "./smoke.ts";

let shared: LockManager | undefined;

/**
 * One of several requests at once that fight for one lock through one manager. Nothing that waits
 * may cross from one request to another on Workers: it fails there, or hangs.
 */
async function share(env: Env): Promise<SmokeResult[]> {
  const name = "shares a manager between requests";
  try {
    shared ??= new LockManager({ env, leaseMs: 2_000 });
    const lease = await shared.acquire("smoke/shared");
    await new Promise((resolve) => setTimeout(resolve, 800)); // long enough for a renewal
    if (!await lease.release()) throw new Error("The lease was lost");
    return [{ name }];
  } catch (error) {
    return [{ name, error: error instanceof Error ? error.stack ?? error.message : String(error) }];
  }
}

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    return Response.json(pathname === "/share" ? await share(env) : await smoke(env, false));
  },
};

export default worker;
