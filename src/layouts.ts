/**
 * The record formats of other lock clients, for a table that they use too.
 *
 * @module
 */

export { dynamolock } from "./records/dynamolock.ts";
export { javaLockClient, type ReleaseOptions } from "./records/java_client.ts";
export { npmLockClient, type NpmLockClientOptions } from "./records/npm_client.ts";
export { terraform } from "./records/terraform.ts";
export type { LayoutAbilities, LayoutChoice } from "./records/layout.ts";
