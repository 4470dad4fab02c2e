/**
 * The record formats of other lock clients, for a table that they use too.
 *
 * @module
 */

export { dynamolock } from "./records/dynamolock.ts";
export type { WallClockOptions } from "./records/clock_options.ts";
export { dynaLock } from "./records/dynalock.ts";
export { dynamoDlm } from "./records/dynamo_dlm.ts";
export { javaLockClient, type ReleaseOptions } from "./records/java_client.ts";
export { npmLockClient, type NpmLockClientOptions } from "./records/npm_client.ts";
export { terraform } from "./records/terraform.ts";
export type { LayoutAbilities, LayoutChoice } from "./records/layout.ts";
export {
  pythonDynamodbLock,
  type PythonDynamodbLockOptions,
} from "./records/python_dynamodb_lock.ts";
