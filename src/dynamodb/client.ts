import { brand, CLIENT_BRAND } from "./brand.ts";
import {
  checkClientOptions,
  checkSend,
  type DynamoClientOptions,
  type SendOptions,
} from "./options.ts";
import { Wire } from "./wire.ts";

/**
 * A client of DynamoDB's JSON API that signs its requests and sends them again where that helps.
 *
 * It knows no operation by itself: operation names, inputs and outputs are those of the API
 * reference, in DynamoDB's JSON. It does nothing before the first {@link send}: neither I/O nor a
 * look at the environment.
 *
 * It sends again what failed in transit, was throttled or met a conflict, with the pauses and the
 * quota of the AWS SDKs, also a transaction that was cancelled by conflicts or throttling alone. One that
 * was cancelled for another reason, and a failed condition, are answers, not failures
 * to retry. A retried write that is not idempotent may be applied twice, and a retried conditional
 * write may meet its own success: {@link DynamoError.mayHaveApplied} tells where to look.
 *
 * @example Against a `fetch` of your own
 * ```ts
 * import { DynamoClient } from "@x/dynamo-lock/client";
 *
 * const client = new DynamoClient({
 *   region: "eu-west-1",
 *   credentials: { accessKeyId: "local", secretAccessKey: "local" },
 *   fetch: () => Promise.resolve(Response.json({ TableNames: ["locks"] })),
 * });
 * const { TableNames } = await client.send<{ TableNames: string[] }>("ListTables", {});
 * ```
 */
export class DynamoClient {
  readonly #wire: Wire;

  static {
    brand(this, CLIENT_BRAND);
  }

  /**
   * Makes a client.
   *
   * @throws {TypeError} For an unknown option or a value of the wrong type.
   * @throws {RangeError} For a value that is out of range, and an unsafe Region or endpoint.
   * @throws {CredentialsError} For credentials that cannot be right.
   */
  constructor(options: DynamoClientOptions = {}) {
    this.#wire = new Wire(checkClientOptions(options));
  }

  /**
   * Sends one request and returns its output.
   *
   * @typeParam T What the caller knows the output to be; it is not checked.
   * @param operation The name of the operation, such as `"UpdateItem"`.
   * @param input The request in DynamoDB's JSON.
   * @throws {DynamoError} Where DynamoDB refused it or no readable answer came.
   * @throws {TypeError} Where the arguments cannot be right; before any request.
   * @throws {RangeError} Where a number, the Region or the endpoint is refused; before any request.
   */
  async send<T = Record<string, unknown>>(
    operation: string,
    input: object,
    options: SendOptions = {},
  ): Promise<T> {
    return await this.#wire.send<T>(operation, input, checkSend(operation, input, options));
  }
}
