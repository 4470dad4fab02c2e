/**
 * Where requests go: the rules of the AWS SDKs for DynamoDB. Pure.
 *
 * @module
 */

/** Reads one variable of the environment. */
type Read = (name: string) => string | undefined;

/** Whether the account's own endpoint is used: where possible, always, or never. */
export type AccountIdEndpointMode = "preferred" | "required" | "disabled";

/** The settings that choose an endpoint, from the options and the environment together. */
export interface EndpointSettings {
  readonly region: string;
  /** An endpoint of the user's: wins over everything that is made from the Region. */
  readonly custom: string | undefined;
  readonly dualstack: boolean;
  readonly fips: boolean;
  readonly accountMode: AccountIdEndpointMode;
}

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
  readonly signingRegion: string;
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

/** Refuses a Region that could lead a signed request to another host. */
export function checkRegion(region: string): string {
  if (HOST_LABEL.test(region)) return region;
  return refuse(
    "region",
    `be a host label of a-z, 0-9, -: current value is ${JSON.stringify(region.slice(0, 80))}`,
  );
}

/**
 * Checks an endpoint of the user's and gives it the form that requests use.
 *
 * @throws {RangeError} With a text that never repeats the endpoint, which may hold a password.
 */
export function checkEndpoint(endpoint: string | URL, allowInsecure = false): string {
  try {
    const url = new URL(endpoint);
    const { protocol, hostname, username, password, pathname, search, hash } = url;
    const safe = protocol === "https:" ||
      protocol === "http:" && (allowInsecure || LOOPBACK.test(hostname));
    if (safe && username + password + search + hash === "" && pathname === "/") return url.href;
  } catch {
    // It is refused like any other.
  }
  return refuse(
    "endpoint",
    "be an https: URL (http: for loopback, or with 'allowInsecureEndpoint') without credentials, " +
      "path, query and fragment",
  );
}

/** Refuses a mode that does not exist. */
export function checkAccountMode(mode: unknown): AccountIdEndpointMode {
  if (mode === "preferred" || mode === "required" || mode === "disabled") return mode;
  return refuse("accountIdEndpointMode", "be 'preferred', 'required' or 'disabled'");
}

/** The Region: the option, `AWS_REGION`, `AWS_DEFAULT_REGION`; `undefined` where none is set. */
export function findRegion(options: EndpointOptions, read: Read): string | undefined {
  const region = options.region ?? read("AWS_REGION") ?? read("AWS_DEFAULT_REGION");
  return region === undefined ? undefined : checkRegion(region);
}

/** Merges options and environment; an option wins over its variable. */
export function endpointSettings(
  options: EndpointOptions,
  region: string,
  read: Read,
): EndpointSettings {
  const isOn = (name: string) => read(name)?.toLowerCase() === "true";
  const endpoint = options.endpoint ??
    (isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
      ? undefined
      : read("AWS_ENDPOINT_URL_DYNAMODB") ?? read("AWS_ENDPOINT_URL"));
  return {
    region,
    custom: endpoint === undefined
      ? undefined
      : checkEndpoint(endpoint, options.allowInsecureEndpoint),
    dualstack: options.useDualstackEndpoint ?? isOn("AWS_USE_DUALSTACK_ENDPOINT"),
    fips: options.useFipsEndpoint ?? isOn("AWS_USE_FIPS_ENDPOINT"),
    accountMode: checkAccountMode(
      options.accountIdEndpointMode ?? read("AWS_ACCOUNT_ID_ENDPOINT_MODE") ?? "preferred",
    ),
  };
}

/** The endpoint for these settings and the account of the credentials. */
export function resolveEndpoint(settings: EndpointSettings, accountId?: string): Endpoint {
  const { region, custom, dualstack, fips, accountMode } = settings;
  // An endpoint that is given as it is excludes the two that are made from the Region.
  const given = custom ?? (region === "local" ? "http://localhost:8000/" : undefined);
  if (given !== undefined) {
    if (fips) refuse("useFipsEndpoint", "be off for a custom or local endpoint");
    if (dualstack) refuse("useDualstackEndpoint", "be off for a custom or local endpoint");
    return { url: given, signingRegion: custom === undefined ? "us-east-1" : region };
  }
  const partition = OTHER_PARTITIONS.find(([start]) => region.startsWith(start)) ?? AWS;
  const suffix = partition[dualstack ? 2 : 1];
  const url = (host: string) => ({
    url: `https://${host}.${region}.${suffix}/`,
    signingRegion: region,
  });
  const hasAccounts = partition === AWS && !fips && !dualstack && accountId !== undefined;
  if (hasAccounts && accountMode !== "disabled") return url(`${accountId}.ddb`);
  if (accountMode === "required") {
    refuse(
      "accountIdEndpointMode",
      "not be 'required' without an account id, with FIPS, dual-stack or in this partition",
    );
  }
  // GovCloud's ordinary host is its FIPS host.
  const isGovCloud = partition[0] === "us-gov-";
  return url(fips && (dualstack || !isGovCloud) ? "dynamodb-fips" : "dynamodb");
}
