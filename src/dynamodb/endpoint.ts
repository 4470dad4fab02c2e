/**
 * Where requests go: the rules of the AWS SDKs for DynamoDB. Pure.
 *
 * @module
 */

/** Whether the account's own endpoint is used: where possible, always, or never. */
export type AccountIdEndpointMode = "preferred" | "required" | "disabled";

/** The options that say where requests go. */
export interface EndpointOptions {
  /** The Region; or else `AWS_REGION`, then `AWS_DEFAULT_REGION`. */
  readonly region?: string;
  /**
   * An endpoint instead of the Region's own; or else `AWS_ENDPOINT_URL_DYNAMODB`, then
   * `AWS_ENDPOINT_URL`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`. Plain `http:` only
   * for loopback addresses.
   */
  readonly endpoint?: string | URL;
  /** Allows plain `http:` to any host: requests can be read and changed on their way. */
  readonly allowInsecureEndpoint?: boolean;
  /** The endpoint that also speaks IPv6; or else `AWS_USE_DUALSTACK_ENDPOINT`. */
  readonly useDualstackEndpoint?: boolean;
  /** The FIPS 140 endpoint; or else `AWS_USE_FIPS_ENDPOINT`. */
  readonly useFipsEndpoint?: boolean;
  /**
   * Whether to use the account's own endpoint where the credentials tell the account; or else
   * `AWS_ACCOUNT_ID_ENDPOINT_MODE`.
   *
   * @default {"preferred"}
   */
  readonly accountIdEndpointMode?: AccountIdEndpointMode;
}

/** An address, and the Region to sign for. */
export interface Endpoint {
  readonly url: string;
  readonly region: string;
}

/** The default partition, `aws`: the only one with endpoints of accounts. */
const AWS = ["", "amazonaws.com", "api.aws"] as const;

/** How a Region begins, its partition's host suffix, and the one of its dual-stack hosts. */
const OTHER_PARTITIONS: readonly (readonly [string, string, string])[] = [
  ["cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  ["us-gov-", "amazonaws.com", "api.aws"],
  ["us-iso-", "c2s.ic.gov", "api.aws.ic.gov"],
  ["us-isob-", "sc2s.sgov.gov", "api.aws.scloud"],
  ["eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  ["us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"],
  ["eusc-", "amazonaws.eu", "api.amazonwebservices.eu"],
];

/** One label of a host name: what is more would let a Region choose the host. */
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const LOOPBACK = /^(.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/;

function refuse(name: string, must: string): never {
  throw new RangeError(`Cannot find endpoint as '${name}' must ${must}`);
}

/** Whether signed requests may go there: its texts never repeat it, as it may hold a password. */
function isSafe(endpoint: string | URL, allowInsecure: boolean): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(endpoint);
  return username + password + search + hash === "" && pathname === "/" &&
    (protocol === "https:" ||
      protocol === "http:" && (allowInsecure || LOOPBACK.test(hostname)));
}

/**
 * Merges options and environment; an option wins over its variable.
 *
 * @returns How to find the endpoint for the account of the credentials; `undefined` where neither
 * the option `region`, `AWS_REGION` nor `AWS_DEFAULT_REGION` is set.
 * @throws {RangeError} For what could lead a signed request to another host, and for what excludes
 * each other.
 */
export function endpointFinder(
  options: EndpointOptions,
  read: (name: string) => string | undefined,
): ((accountId: string | undefined) => Endpoint) | undefined {
  const isOn = (name: string) => read(name)?.toLowerCase() === "true";
  const dualstack = options.useDualstackEndpoint ?? isOn("AWS_USE_DUALSTACK_ENDPOINT");
  const fips = options.useFipsEndpoint ?? isOn("AWS_USE_FIPS_ENDPOINT");
  const mode = options.accountIdEndpointMode ?? read("AWS_ACCOUNT_ID_ENDPOINT_MODE") ?? "preferred";
  const region = options.region ?? read("AWS_REGION") ?? read("AWS_DEFAULT_REGION");
  const custom = options.endpoint ??
    (isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
      ? undefined
      : read("AWS_ENDPOINT_URL_DYNAMODB") ?? read("AWS_ENDPOINT_URL"));

  if (!/^(preferred|required|disabled)$/.test(mode)) {
    refuse("accountIdEndpointMode", "be 'preferred', 'required' or 'disabled'");
  }
  if (region !== undefined && !HOST_LABEL.test(region)) {
    refuse("region", `be a host label: current value is ${JSON.stringify(region.slice(0, 80))}`);
  }
  if (custom !== undefined && !isSafe(custom, options.allowInsecureEndpoint ?? false)) {
    refuse(
      "endpoint",
      "be https: (or http: on loopback, or with 'allowInsecureEndpoint'), without credentials, " +
        "path, query and fragment",
    );
  }
  // An endpoint that is given as it is excludes the two that are made from the Region.
  const isLocal = custom === undefined && region === "local";
  if ((custom !== undefined || isLocal) && (fips || dualstack)) {
    refuse(fips ? "useFipsEndpoint" : "useDualstackEndpoint", "be off for a custom or local one");
  }

  if (region === undefined) return undefined;
  if (isLocal) return () => ({ url: "http://localhost:8000/", region: "us-east-1" });
  if (custom !== undefined) return () => ({ url: new URL(custom).href, region });
  const partition = OTHER_PARTITIONS.find(([start]) => region.startsWith(start)) ?? AWS;
  const suffix = partition[dualstack ? 2 : 1];
  // GovCloud's ordinary host is its FIPS host.
  const needsFipsHost = fips && (dualstack || partition[0] !== "us-gov-");
  const service = needsFipsHost ? "dynamodb-fips" : "dynamodb";
  const hasAccounts = partition === AWS && !fips && !dualstack && mode !== "disabled";
  return (accountId) => {
    const ofAccount = hasAccounts && accountId !== undefined;
    if (mode === "required" && !ofAccount) {
      refuse("accountIdEndpointMode", "not be 'required' here: no account id, or none possible");
    }
    return {
      url: `https://${ofAccount ? `${accountId}.ddb` : service}.${region}.${suffix}/`,
      region,
    };
  };
}
