/**
 * Where DynamoDB Local and MemoryDynamo differ on purpose: MemoryDynamo follows the service.
 *
 * Besides these texts:
 *
 * - Local sends an error's text as `Message`, the service mostly as `message`; either is read.
 * - Local takes a body that is no JSON, or a value of another JSON type, as 500 or as it is; the
 *   service answers `SerializationException`. Not generated; tested in `wire_test.ts`.
 * - Local ignores parameters that it does not know; MemoryDynamo refuses them by name, and legacy
 *   parameters too. Not generated; tested in `refused_test.ts`.
 * - `UPDATED_OLD` and `UPDATED_NEW` of a nested path: Local gives the whole top-level attribute, the
 *   service the named part. Generated for top-level paths only.
 * - A transaction's action whose key does not fit the table, or whose update does not fit the stored
 *   item: Local answers `ValidationException`, the service `TransactionCanceledException` with
 *   `ValidationError` among its reasons (its model lists those texts there).
 * - Two actions on one item in a transaction: refused by the service; Local looks at their conditions
 *   first.
 * - `TransactGetItems` with a key that does not fit: Local gives no `CancellationReasons`.
 * - A query that reads nothing consumes half a unit (or one), in Local nothing.
 * - Local keeps the request's spelling of numbers inside documents and of those that an update sets.
 * - A query that starts after the last key of its range: an empty page on the service; Local refuses
 *   the key, though it gave it out as `LastEvaluatedKey`.
 * - A transaction that is not sound and has a known token: Local looks at the token first.
 * - A `Delete` or `Update` in a transaction consumes four units in Local, two on the service.
 * - Keys that `BatchGetItem` does not find cost nothing in Local, as much as others on the service.
 * - `TransactWriteItems` takes an `Update` without an `UpdateExpression` in Local.
 * - `SIZE` is on the service's list of reserved words; Local lets it pass.
 * - Local reports capacity for `DeleteItem` of an absent item without having been asked.
 * - TTL in Local deletes by a timer of its own; in MemoryDynamo when `purgeExpired()` is called.
 *   Only the operations on it are compared.
 *
 * @module
 */

/**
 * What a refusal is about. Where a request has several faults, Local and the service look at them in
 * another order (Local at the table and the key first, the service at the expressions), so two
 * refusals of different kinds are taken for the same; two of one kind must say the same.
 */
const KINDS: readonly (readonly [kind: string, text: RegExp])[] = [
  ["syntax", /Expression: Syntax error/],
  ["parentheses", /redundant parentheses/],
  ["function", /Invalid function name|function is not allowed/],
  ["reserved", /reserved keyword/],
  ["section", /section can only be used once/],
  ["placeholder", /is not defined; attribute|unused in expressions|can only be specified when/],
  ["overlap", /Two document paths/],
  ["count", /Incorrect number of operands|too many operators|index is not within/],
  ["distinct", /first operand must be distinct/],
  ["added operand", /operator: (ADD|DELETE)/],
  ["missing operand", /refers to an attribute that does not exist/],
  ["stored operand", /operand in the update expression/],
  ["stored path", /document path provided in the update/],
  ["operand", /Invalid \w+Expression: /],
  ["key condition", /KeyCondition|[Qq]uery (key )?condition|Condition parameter type/],
  ["filter", /Filter Expression can only/],
  ["start", /[Ss]tarting key|Exclusive Start Key|Type mismatch for attribute to update/],
  ["table", /non-existent table|resource not found/],
  ["below a key", /must be scalars/],
  ["updated key", /part of the key/],
  ["key size", /hashkey|range keys|must be under/],
  ["empty key", /cannot contain an empty/],
  [
    "key",
    /key element|conditions on the keys|required keys|for key|primary key|hashkey|range keys|Missing the key|key attribute/,
  ],
  [
    "parameter",
    /[Rr]eturn ?[Vv]alues|failed to satisfy|Limit must|more than one datatypes|must contain exactly one/,
  ],
  [
    "value",
    /number|numeric|Number|up to 38 digits|duplicates|may not be empty|Null attribute|empty attribute name/i,
  ],
  ["action", /multiple operations on one item/],
];

function kindOf(message: string): string | undefined {
  return KINDS.find(([, text]) => text.test(message))?.[0];
}

function differentFaults(memory: string, local: string): boolean {
  const ours = kindOf(memory);
  const theirs = kindOf(local);
  return ours !== undefined && theirs !== undefined && ours !== theirs;
}

/** Texts of the same refusal: Local's and the service's. */
const MESSAGES: readonly (readonly [local: RegExp, memory: RegExp, why: string])[] = [
  [/^Cannot do operations on a non-existent table$/, /^Requested resource not found/, "wording"],
  [/^Cannot create preexisting table$/, /^Table already exists: /, "wording"],
  [/BS contains duplicates/, /BS contains duplicates/, "wording"],
  [/Expression size has exceeded/, /Expression size has exceeded/, "Local leaves some sizes out"],
  [
    /^(The number of conditions on the keys is invalid|One of the required keys was not given a value|One or more parameter values were invalid: Type mismatch for key)$/,
    /^(The provided key element does not match the schema|One or more parameter values were invalid: (Missing the key|Type mismatch for key) .*)$/,
    "the service has one text for a key and two for an item",
  ],
  [/^Hash primary key values must be under 2048 bytes/, /Size of hashkey|range keys/, "wording"],
  [
    /A value provided cannot be converted into a number/,
    /The parameter cannot be converted to a numeric value/,
    "wording",
  ],
  [
    /DynamoDB only supports precision up to 38 digits/,
    /more than 38 significant digits/,
    "wording",
  ],
  [/^Return values set to invalid value$/, /ReturnValues can only be|'returnValues'/, "wording"],
  [/^Limit must be greater than or equal to 1$/, /'limit'/, "wording"],
  [/enum value set/, /enum value set/, "the order of the values"],
  [/valid types: /, /valid types: /, "the order of the types"],
  [/attribute_type, operand type: \{/, /attribute_type, operand type: \{/, "Local has more types"],
  [/^Query condition missed key schema element$/, /^Query condition missed key schema/, "wording"],
  [
    /^(Exclusive Start Key must have same size as table's key schema|Type mismatch for attribute to update)$/,
    /^The provided starting key is invalid$/,
    "wording",
  ],
  [
    /^The provided starting key does not match the range key predicate$/,
    /^The provided starting key is outside query boundaries/,
    "wording",
  ],
  [/^Empty attribute name$/, /Empty attribute name$/, "wording"],
  [/failed to satisfy constraint|must have length/i, /failed to satisfy constraint/, "wording"],
  [/^(Cannot have null key|Invalid table\/index name)/, /Member must not be null$/, "wording"],
  [/^TimeToLive is active on a different/, /^TimeToLive is active on a different/, "the name"],
  [/segment/, /Segment/, "wording"],
  [/BETWEEN operator requires/, /BETWEEN operator requires/, "how Local quotes binaries"],
];

/** Where a generated request has several faults of one kind, Local may report another one of them. */
const SEVERAL: readonly RegExp[] = [
  /Incorrect operand type/,
  /Two document paths/, // Local names paths that do not overlap as well
  /Syntax error/, // Local's parser skips over one token now and then
];

/** Whether both texts say the same. */
export function sameMessage(memory: string, local: string): boolean {
  return memory === local ||
    MESSAGES.some(([theirs, ours]) => theirs.test(local) && ours.test(memory));
}

/** Whether two refusals of a request with several faults may both be right. */
export function severalFaults(memory: string, local: string): boolean {
  return differentFaults(memory, local) ||
    SEVERAL.some((text) => text.test(memory) && text.test(local));
}
