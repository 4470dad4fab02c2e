/** What can be told of an answer of the service. */

import type { Answer } from "./service.ts";

/** A time as `Date` has it. */
export function dateOf(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Whether the service refused the signature, which in these runs is for its time alone. */
export function isRefusedForTime(answer: Answer | undefined): boolean {
  return answer?.status === 400 && outcomeOf(answer) === "InvalidSignatureException";
}

/** The code of a refusal; "done" where there is none. */
export function outcomeOf({ status, body }: Answer): string {
  if (status === 200) return "done";
  return /"__type":"(?:[^"]*#)?(\w+)/.exec(new TextDecoder().decode(body))?.[1] ?? String(status);
}
