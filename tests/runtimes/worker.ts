/** Runs the smoke suite inside one request of a Worker, and answers with its results as JSON. */

import { type Env, smoke } from "./smoke.ts";

const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
  async fetch(_request, env) {
    return Response.json(await smoke(env, false));
  },
};

export default worker;
