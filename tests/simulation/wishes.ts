/** Which locks a caller wants, and how it wants to share them. */

import type { SharingPlan } from "./profile.ts";
import type { Random } from "./random.ts";
import { permitsOf, type Shape } from "./record_rules.ts";
import type { Scenario } from "./scenario.ts";

/** One wish. */
export interface LockWish {
  /** In any order. */
  readonly names: readonly string[];
  readonly shape: Shape;
}

/** The wishes of one caller, drawn from a stream of their own. */
export class Wishes {
  readonly #scenario: Scenario;
  readonly #plan: SharingPlan | undefined;
  readonly #random: Random;

  constructor(scenario: Scenario, random: Random) {
    this.#scenario = scenario;
    this.#plan = scenario.sharing;
    this.#random = random;
  }

  /** The next wish; `name` is among its names. With `as` it has this shape. */
  next(name: string, as?: Shape): LockWish {
    const plan = this.#plan;
    if (plan === undefined) return { names: [name], shape: "exclusive" };
    return { names: this.#names(name, plan.several), shape: as ?? this.#shape(plan) };
  }

  /** Whether to write through the lease, where there is something to write in a transaction. */
  get guarded(): boolean {
    return this.#plan !== undefined && this.#random.chance(this.#plan.guarded);
  }

  /** Whether a call may enter a lease that the process has. */
  get reentrant(): boolean {
    return this.#plan?.reentrant !== undefined && this.#random.chance(this.#plan.reentrant);
  }

  /** Whether a transaction of the caller has a condition of its own that fails. */
  get failing(): boolean {
    return this.#random.chance(0.2);
  }

  #shape({ shapes }: SharingPlan): Shape {
    const { permits } = this.#scenario;
    const shape = this.#random.weighted(shapes);
    if (shape === "permits") return `${permits} permits`;
    if (shape === "other permits") return `${permits + 1} permits`;
    return shape as Shape;
  }

  #names(name: string, share: number): string[] {
    const { names } = this.#scenario;
    const random = this.#random;
    if (!random.chance(share)) return [name];
    const others = names.filter((other) => other !== name && random.chance(0.6));
    // Any order, and now and then one of them twice.
    return [name, ...others, ...(random.chance(0.1) ? [name] : [])]
      .map((one) => ({ one, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }) => one);
  }
}

/** The options that ask for a shape. */
export function optionsOf(shape: Shape): { mode?: "shared"; permits?: number } {
  if (shape === "exclusive") return {};
  return shape === "shared" ? { mode: "shared" } : { permits: permitsOf(shape)! };
}

/** What a manager is asked for. */
export function argumentsOf(
  { names, shape }: LockWish,
): [names: string | readonly string[], options: ReturnType<typeof optionsOf>] {
  return [names.length > 1 ? names : names[0]!, optionsOf(shape)];
}
