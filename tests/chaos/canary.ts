/**
 * The place that redirects point to. A client that went there would have handed a signed request, with
 * its session token, to a stranger.
 *
 * @module
 */

/** A server that counts its visitors, who should stay away. */
export class Canary {
  readonly endpoint: string;
  visits = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, () => {
      this.visits++;
      return new Response("tweet");
    });
    this.endpoint = `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Visits it once, as a careless client would; a canary that cannot sing proves nothing. */
  async sings(): Promise<boolean> {
    const before = this.visits;
    await (await fetch(this.endpoint, { method: "POST", body: "{}" })).body?.cancel();
    const sang = this.visits === before + 1;
    this.visits = before;
    return sang;
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }
}
