/**
 * What can go wrong between a client and the service, and which request it happens to.
 *
 * @module
 */

/** A fault of one request. `applied` says whether the operation took effect all the same. */
export type Fault =
  /** A network error; the operation was not applied. */
  | { readonly kind: "drop-request" }
  /** The operation was applied; then a network error. */
  | { readonly kind: "drop-answer" }
  /** No answer, ever. Rejects when the request's signal aborts. `applied` is false by default. */
  | { readonly kind: "hang"; readonly applied?: boolean }
  /**
   * The answer comes `ms` milliseconds later; the operation is applied before or after that. A
   * request whose signal aborts meanwhile rejects, but is still applied.
   */
  | { readonly kind: "late"; readonly ms: number; readonly apply: "at-once" | "late" }
  /** An error answer of this type. `applied` is false by default. */
  | {
    readonly kind: "error";
    readonly status: number;
    /** The exception's name, with or without a prefix before `#`. */
    readonly type: string;
    readonly message?: string;
    readonly applied?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
    /** More members of the body. */
    readonly extra?: object;
  }
  /**
   * An answer that cannot be read: cut in half under the headers of the whole, empty, a web page,
   * or under the checksum of another body. `applied` is true by default.
   */
  | {
    readonly kind: "body";
    readonly how: "truncated" | "empty" | "html" | "wrong-crc";
    readonly applied?: boolean;
  }
  /** A 307 to another place. `applied` is false by default. */
  | { readonly kind: "redirect"; readonly location: string; readonly applied?: boolean }
  /** The right answer without a `Date` header. */
  | { readonly kind: "no-date" }
  /** The right answer with this `Date`, and with this `Age` where one is given. */
  | { readonly kind: "date"; readonly value: string; readonly age?: string };

/** A request as a fault's condition sees it. */
export interface FaultedRequest {
  /** The operation's name. */
  readonly operation: string;
  /** The parsed body. */
  // deno-lint-ignore no-explicit-any
  readonly input: any;
}

/** Which requests meet a fault. */
export interface FaultOptions {
  /** Only requests of this operation. */
  operation?: string | undefined;
  /** Only requests for which this is true. */
  when?: ((request: FaultedRequest) => boolean) | undefined;
  /** How many matching requests meet it. 1 by default. */
  times?: number | undefined;
  /** How many matching requests pass first. 0 by default. */
  after?: number | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof FaultOptions>([
  "operation",
  "when",
  "times",
  "after",
]);
/** The members that a fault of each kind has to have, and the values they may take, if few. */
const KINDS: Readonly<Record<Fault["kind"], Readonly<Record<string, readonly string[] | "any">>>> =
  {
    "drop-request": {},
    "drop-answer": {},
    hang: {},
    late: { ms: "any", apply: ["at-once", "late"] },
    error: { status: "any", type: "any" },
    body: { how: ["truncated", "empty", "html", "wrong-crc"] },
    redirect: { location: "any" },
    "no-date": {},
    date: { value: "any" },
  };

interface Planned {
  readonly fault: Fault;
  readonly options: FaultOptions;
  after: number;
  times: number;
}

/** The faults that are still to come. */
export class FaultPlan {
  #planned: Planned[] = [];

  /** Plans a fault for the next requests that match. */
  add(fault: Fault, options: FaultOptions): void {
    checkFault(fault);
    for (const name in options) {
      if (!OPTIONS.has(name)) throw new TypeError(`Cannot fail a request by an option '${name}'`);
    }
    const after = count("after", options.after ?? 0, 0);
    const times = count("times", options.times ?? 1, 1);
    this.#planned.push({ fault, options, after, times });
  }

  /**
   * The fault that a request meets. A request meets at most one; of several, the one planned first.
   */
  take(request: FaultedRequest): Fault | undefined {
    for (const planned of this.#planned) {
      const { operation, when } = planned.options;
      if (operation !== undefined && operation !== request.operation) continue;
      if (when !== undefined && !when(request)) continue;
      if (planned.after > 0) {
        planned.after--;
        continue;
      }
      planned.times--;
      if (planned.times === 0) this.#planned = this.#planned.filter((one) => one !== planned);
      return planned.fault;
    }
    return undefined;
  }
}

function checkFault(fault: Fault): void {
  const members = Object.hasOwn(KINDS, fault.kind) ? KINDS[fault.kind] : undefined;
  if (members === undefined) {
    throw new TypeError(
      `Cannot fail a request as 'kind' must be known: current value is ${fault.kind}`,
    );
  }
  for (const [name, values] of Object.entries(members)) {
    const value = (fault as unknown as Record<string, unknown>)[name];
    if (value !== undefined && (values === "any" || values.includes(String(value)))) continue;
    const wanted = values === "any" ? "given" : `one of '${values.join("', '")}'`;
    throw new TypeError(
      `Cannot fail a request by '${fault.kind}' as '${name}' must be ${wanted}: ` +
        `current value is ${value}`,
    );
  }
}

function count(name: string, value: number, least: number): number {
  if (value >= least && (Number.isInteger(value) || value === Infinity)) return value;
  throw new RangeError(
    `Cannot fail a request as '${name}' must be a whole number of at least ${least}: ` +
      `current value is ${value}`,
  );
}
