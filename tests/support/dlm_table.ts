/** The keys of a table of dynamo-dlm, whose sort key is a number. */

/** As `CreateTable` wants them. */
export const DLM_KEYS: Readonly<Record<"AttributeDefinitions" | "KeySchema", object[]>> = {
  AttributeDefinitions: [
    { AttributeName: "resource_id", AttributeType: "S" },
    { AttributeName: "concurrency_id", AttributeType: "N" },
  ],
  KeySchema: [
    { AttributeName: "resource_id", KeyType: "HASH" },
    { AttributeName: "concurrency_id", KeyType: "RANGE" },
  ],
};
