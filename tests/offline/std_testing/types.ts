/** Stand-in for the names of `@std/testing/types` that the tests use. */

/** Fails to compile unless `T` is `true`. */
export function assertType<T extends true>(_expectTypeTrue: T): void {}

/** Whether two types are the same. */
export type IsExact<T, U> = (<G>() => G extends T ? 1 : 2) extends (<G>() => G extends U ? 1 : 2)
  ? true
  : false;
