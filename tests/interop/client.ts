/**
 * What the interop suite must know of a lock client. Each has a file in `clients/` with a `CLIENT`.
 *
 * @module
 */

import type { LayoutChoice } from "../../src/layouts.ts";
import type { Stage } from "./stage.ts";

/** What is played with every client. */
export type Scenario =
  | "they hold, we wait"
  | "we hold, they wait"
  | "they crash, we take over"
  | "we crash, they take over"
  | "counter";

/** What is looked at with every client. */
export type Always = "the same items" | "named by our own layout";

/** A lock client that shares a table with us. */
export interface InteropClient {
  /** Its name and version, as `dynamo-dlm 2.1.0`. */
  readonly name: string;
  /** Our layout for its table. */
  readonly layout: LayoutChoice;
  /** The input of `CreateTable` without a name. */
  readonly table: object;
  /** Where it comes from. */
  readonly registry: "maven" | "go" | "pypi" | "npm" | "none";
  /** Installs it into this folder, by name and version; throws where that fails. */
  install(folder: string): Promise<void>;
  /** The command that starts its driver. */
  command(
    folder: string,
  ): { cmd: string; args: string[]; cwd?: string; env?: Record<string, string> };
  /** What its own protocol makes impossible, with the reason. */
  readonly impossible: Partial<Record<Scenario | Always, string>>;
  /** Options that are sent with `open`. */
  readonly open?: object;

  /** False where it does not renew: it is then never held for longer than a part of its lease. */
  readonly renews?: false;
  /** Attributes that only ours has in its items, as the client's own say too little. */
  readonly adds?: readonly string[];
  /** Attributes whose values are any holder's own choice, such as its name. */
  readonly varies?: readonly string[];
  /** Played in place of what is impossible, to show that it is. */
  readonly instead?: Partial<Record<Scenario | Always, Play>>;
  /** Played besides, by name. */
  readonly also?: Record<string, Play>;
}

/** Plays a scenario; throws where it does not go as it must. What it answers is shown. */
export type Play = (stage: Stage) => Promise<string | void>;
