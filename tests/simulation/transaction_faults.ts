/**
 * The faults that only a transaction meets. A request that draws one of the others meets it in the form
 * that a transaction knows, so that the mixes of faults go on being what they are.
 */

import type { Fault } from "../../src/testing/mod.ts";
import type { Random } from "./random.ts";

/** What becomes of a transaction. */
export interface TransactionFate {
  readonly arrives: true;
  readonly fault?: Fault;
  /** Where a condition of it fails anyway, another of its items meets a conflict as well. */
  readonly beside?: true;
}

type Maker = (random: Random, items: number) => TransactionFate;

/** One or more of its items are said to be the cause. */
function cancelled(code: string, text: string): Maker {
  return (random, items) => {
    const guilty = random.whole(0, items - 1);
    const reasons = Array.from(
      { length: items },
      (_, at) =>
        at === guilty || random.chance(0.3) ? { Code: code, Message: text } : { Code: "None" },
    );
    const codes = reasons.map(({ Code }) => Code).join(", ");
    return {
      arrives: true,
      fault: {
        kind: "error",
        status: 400,
        type: "TransactionCanceledException",
        message:
          `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
        extra: { CancellationReasons: reasons },
      },
    };
  };
}

function inProgress(applied: boolean): Maker {
  const type = "TransactionInProgressException";
  return () => ({ arrives: true, fault: { kind: "error", status: 400, type, applied } });
}

const FAULTS: Readonly<Record<string, Maker>> = {
  "transaction cancelled by a conflict": cancelled(
    "TransactionConflict",
    "Transaction is ongoing for the item",
  ),
  "transaction cancelled by throttling": cancelled("ThrottlingError", "Throughput exceeds"),
  "transaction cancelled by a condition and a conflict": () => ({ arrives: true, beside: true }),
  "transaction in progress, applied": inProgress(true),
  "transaction in progress, not applied": inProgress(false),
};

/** The forms that a transaction meets the other faults in; a pick of one of these. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  "transaction conflict": ["transaction cancelled by a conflict"],
  "replicated write conflict": ["transaction cancelled by a condition and a conflict"],
  "throttled by the key": ["throttled by the key", "transaction cancelled by throttling"],
  "internal error, applied": ["internal error, applied", "transaction in progress, applied"],
  "internal error, not applied": [
    "internal error, not applied",
    "transaction in progress, not applied",
  ],
};

/** The names of these faults. */
export const TRANSACTION_FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** The form that a transaction meets a fault in. */
export function formOf(name: string, random: Random): string {
  const forms = FORMS[name];
  return forms === undefined ? name : random.pick(forms);
}

/** Draws what becomes of a transaction of so many items; `undefined` for a fault that all requests meet. */
export function transactionFateOf(
  name: string,
  random: Random,
  items: number,
): TransactionFate | undefined {
  return FAULTS[name]?.(random, items);
}
