/**
 * Where requests go: the rules of the AWS SDKs for DynamoDB. Pure.
 *
 * @module
 */

import { refuse } from "../checks.ts";

/** Whether the account's own endpoint is used: where possible, always, or never. */
export type AccountIdEndpointMode = "preferred" | "required" | "disabled";

/** The options that say where requests go. */
export interface EndpointOptions {
  /**
   * The Region; or else `AWS_REGION`, then `AWS_DEFAULT_REGION`. An isolated one (`us-iso-*` and the
   * like) needs an `endpoint`. `local` without an `endpoint` is DynamoDB Local at
   * `http://localhost:8000`, signed for `us-east-1` as the AWS SDKs do.
   */
  readonly region?: string | undefined;
  /**
   * An endpoint instead of the Region's own; or else `AWS_ENDPOINT_URL_DYNAMODB`, then
   * `AWS_ENDPOINT_URL`. An origin without path; plain `http:` only for loopback addresses.
   */
  readonly endpoint?: string | URL | undefined;
  /** Allows plain `http:` to any host: requests can be read and changed on their way. */
  readonly allowInsecureEndpoint?: boolean | undefined;
  /** The endpoint that also speaks IPv6; or else `AWS_USE_DUALSTACK_ENDPOINT`. */
  readonly useDualstackEndpoint?: boolean | undefined;
  /** The FIPS 140 endpoint; or else `AWS_USE_FIPS_ENDPOINT`. */
  readonly useFipsEndpoint?: boolean | undefined;
  /**
   * Whether to use the account's own endpoint where the credentials tell the account; or else
   * `AWS_ACCOUNT_ID_ENDPOINT_MODE`. A table's ARN in a request is not looked at: set `"disabled"`
   * for tables of another account. (A lock table's ARN is: its account is the one that counts.)
   *
   * @default {"preferred"}
   */
  readonly accountIdEndpointMode?: AccountIdEndpointMode | undefined;
}

/** An address, and the Region to sign for. */
export interface Endpoint {
  readonly url: string;
  readonly region: string;
}

/** What a client does not have, and a manager tells. */
interface TableOption {
  /** The table's name or ARN. In an ARN of the Region it tells the account, whatever the credentials say. */
  readonly table?: string | object;
}

/** The values of {@link AccountIdEndpointMode}. */
const MODES = "preferred|required|disabled";

/** The Regions with account endpoints: the ordinary ones, and some of GovCloud and China by name. */
const HAS_ACCOUNTS = /^(?!us-gov-(?!(ea|we)st-1$)|cn-(?!north(west)?-1$)|eusc-)/;

/** One label of a host name: what is more would let a Region choose the host. */
const HOST_LABEL = /^(?!-)[a-z\d-]{1,63}(?<!-)$/;

/**
 * An origin and nothing more: no credentials, path, query or fragment. Nobody else reads what goes to
 * a loopback address.
 */
const SAFE_URL =
  /^(https:\/\/[\w.:[\]-]+|http:\/\/(([\w.-]+\.)?localhost|127(\.\d+){3}|\[::1\])(:\d+)?)\/?$/;

/**
 * Merges options and environment; an option wins over its variable.
 *
 * @returns How to find the endpoint for the account of the credentials; `undefined` where neither
 * the option `region`, `AWS_REGION` nor `AWS_DEFAULT_REGION` is set.
 * @throws {RangeError} For what could lead a signed request to another host, and for what excludes
 * each other.
 */
export function endpointFinder(
  options: EndpointOptions & TableOption,
  read: (name: string) => string | undefined,
): ((accountId?: string) => Endpoint) | undefined {
  const isOn = (name: string) => /^true$/i.test(read(name) ?? "");
  const dualstack = options.useDualstackEndpoint ?? isOn("AWS_USE_DUALSTACK_ENDPOINT");
  const fips = options.useFipsEndpoint ?? isOn("AWS_USE_FIPS_ENDPOINT");
  const mode = options.accountIdEndpointMode ?? read("AWS_ACCOUNT_ID_ENDPOINT_MODE") ?? "preferred";
  let region = options.region ?? read("AWS_REGION") ?? read("AWS_DEFAULT_REGION");
  let custom = options.endpoint ?? read("AWS_ENDPOINT_URL_DYNAMODB") ?? read("AWS_ENDPOINT_URL");
  if (region === "local" && custom === undefined) {
    custom = "http://localhost:8000";
    region = "us-east-1";
  }
  const url = `${custom}`;
  const check = (isRight: boolean, option: string, must: string, value: unknown) => {
    if (!isRight) refuse(RangeError, "find the endpoint", option, must, value);
  };

  check(RegExp(`^(${MODES})$`).test(mode), "accountIdEndpointMode", MODES, mode);
  check(region === undefined || HOST_LABEL.test(region), "region", "a host label", region);
  // An endpoint that is given excludes the two that are made from the Region.
  check(
    custom === undefined ||
      !fips && !dualstack &&
        SAFE_URL.test(options.allowInsecureEndpoint ? url.replace(/^http:/, "https:") : url),
    "endpoint",
    "an https: origin without path (http: on loopback or with 'allowInsecureEndpoint'), and no FIPS or dual-stack",
    /^\w+:\/\/[\w.-]+(:\d+)?(?=[/?#]|$)/.exec(url)?.[0] ?? "no origin", // without what may be a secret
  );

  return region === undefined ? region : (accountId) => {
    if (custom) return { url, region };
    check(!/^\w+-iso/.test(region), "endpoint", "given in an isolated Region", custom);
    const tld = region.startsWith("cn-") ? "com.cn" : region.startsWith("eusc-") ? "eu" : "com";
    const domain = !dualstack
      ? `amazonaws.${tld}`
      : tld === "com"
      ? "api.aws"
      : `api.amazonwebservices.${tld}`;
    const arn = RegExp(`^arn:[^:]+:dynamodb:${region}:(\\d+):`).exec(`${options.table}`);
    const account = `${arn?.[1] ?? accountId}`;
    let service = "dynamodb";
    if (!fips && mode !== "disabled" && HAS_ACCOUNTS.test(region) && /^\d{12}$/.test(account)) {
      service = `${account}.ddb`;
    } else {
      check(
        mode !== "required",
        "accountIdEndpointMode",
        "another without an account endpoint",
        mode,
      );
      // GovCloud's ordinary host is its FIPS host.
      if (fips && (dualstack || !/^us-gov/.test(region))) service += "-fips";
    }
    return { url: `https://${service}.${region}.${domain}/`, region };
  };
}
