/**
 * DynamoDB in memory, for tests: as a `fetch`, and as an HTTP server on loopback.
 *
 * {@link MemoryDynamo} answers as the service does, and fails as the network does when it is told
 * to.
 *
 * @example
 * ```ts
 * import { MemoryDynamo } from "@x/dynamo-lock/testing";
 *
 * const dynamo = new MemoryDynamo();
 * const server = await dynamo.listen();
 * console.log(server.endpoint); // http://127.0.0.1:49152
 * await server.close();
 * ```
 *
 * @module
 */

export { MemoryDynamo } from "./memory_dynamo.ts";
export type { MemoryDynamoOptions, RecordedRequest } from "./memory_dynamo.ts";
export type { MemoryTable } from "./memory_table.ts";
export type { ListenOptions, MemoryServer } from "./server.ts";
export type { Fault, FaultedRequest, FaultOptions } from "./faults.ts";
export type { AttributeMap, AttributeValue } from "./values.ts";
