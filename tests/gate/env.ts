/** The environment that tests run in. */

/**
 * This process's environment without what would reach AWS or another lock table: the tests bring
 * what they need, and must not depend on, or touch, what a developer has set.
 */
export function ownEnv(): Record<string, string> {
  const foreign = /^(AWS_|DYNAMO_LOCK_)/;
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !foreign.test(name)),
  );
}
