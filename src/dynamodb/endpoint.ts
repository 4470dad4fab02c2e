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
  readonly custom?: string;
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

/** Region pattern, name, host suffix, dual-stack suffix; the first match counts, the last is `aws`. */
const PARTITIONS: readonly (readonly [RegExp, string, string, string])[] = [
  [/^cn-/, "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  [/^us-gov-/, "aws-us-gov", "amazonaws.com", "api.aws"],
  [/^us-iso-/, "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"],
  [/^us-isob-/, "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"],
  [/^eu-isoe-/, "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  [/^us-isof-/, "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"],
  [/^eusc-/, "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"],
  [/^/, "aws", "amazonaws.com", "api.aws"],
];

/** One label of a host name: what is more would let a Region choose the host. */
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const ACCOUNT_MODES: readonly unknown[] = ["preferred", "required", "disabled"];

/** Refuses a Region that could lead a signed request to another host. */
export function checkRegion(region: string): string {
  if (!HOST_LABEL.test(region)) {
    throw new RangeError(
      "Cannot use Region as 'region' must be 1 to 63 of a-z, 0-9 and inner hyphens: " +
        `current value is ${JSON.stringify(region.slice(0, 80))}`,
    );
  }
  return region;
}

/**
 * Checks an endpoint of the user's and gives it the form that requests use.
 *
 * @throws {RangeError} With a text that never repeats the endpoint, which may hold a password.
 */
export function checkEndpoint(endpoint: string | URL, allowInsecure: boolean): string {
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw new RangeError("Cannot use endpoint as 'endpoint' must be an absolute URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError("Cannot use endpoint as 'endpoint' must not contain credentials");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new RangeError(
      "Cannot use endpoint as 'endpoint' must not contain a path, a query or a fragment",
    );
  }
  if (url.protocol !== "https:") {
    const plain = url.protocol === "http:" && (allowInsecure || LOOPBACK.test(url.hostname));
    if (!plain) {
      throw new RangeError(
        "Cannot use endpoint as 'endpoint' must be https:, or http: on a loopback address, or " +
          `http: with 'allowInsecureEndpoint': current value is ${url.protocol}//${url.host}`,
      );
    }
  }
  return url.href;
}

/** Refuses a mode that does not exist. */
export function checkAccountMode(mode: unknown): AccountIdEndpointMode {
  if (!ACCOUNT_MODES.includes(mode)) {
    throw new RangeError(
      "Cannot use endpoint as 'accountIdEndpointMode' must be 'preferred', 'required' or " +
        `'disabled': current value is ${JSON.stringify(mode)}`,
    );
  }
  return mode as AccountIdEndpointMode;
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
  const configured = isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    ? undefined
    : read("AWS_ENDPOINT_URL_DYNAMODB") ?? read("AWS_ENDPOINT_URL");
  const endpoint = options.endpoint ?? configured;
  return {
    region,
    ...(endpoint !== undefined && {
      custom: checkEndpoint(endpoint, options.allowInsecureEndpoint ?? false),
    }),
    dualstack: options.useDualstackEndpoint ?? isOn("AWS_USE_DUALSTACK_ENDPOINT"),
    fips: options.useFipsEndpoint ?? isOn("AWS_USE_FIPS_ENDPOINT"),
    accountMode: checkAccountMode(
      options.accountIdEndpointMode ?? read("AWS_ACCOUNT_ID_ENDPOINT_MODE") ?? "preferred",
    ),
  };
}

/** An endpoint that is given as it is excludes the two that are made from the Region. */
function refuseVariants(settings: EndpointSettings, kind: string): void {
  if (settings.dualstack || settings.fips) {
    const option = settings.fips ? "useFipsEndpoint" : "useDualstackEndpoint";
    throw new RangeError(`Cannot use '${option}' with ${kind}`);
  }
}

/** The host of the account, or `undefined` where the account's endpoint does not apply. */
function accountHost(
  { region, accountMode, fips, dualstack }: EndpointSettings,
  partition: string,
  accountId: string | undefined,
): string | undefined {
  if (accountMode === "disabled") return undefined;
  const possible = partition === "aws" && !fips && !dualstack;
  if (possible && accountId !== undefined) {
    if (!HOST_LABEL.test(accountId)) {
      throw new RangeError("Cannot use endpoint as 'accountId' must be digits");
    }
    return `${accountId}.ddb.${region}`;
  }
  if (accountMode === "preferred") return undefined;
  throw new RangeError(
    "Cannot use endpoint as 'accountIdEndpointMode' is 'required', but " +
      (possible
        ? "the credentials have no 'accountId'"
        : "there is none with FIPS, dual-stack or in this partition"),
  );
}

/** The endpoint for these settings and the account of the credentials. */
export function resolveEndpoint(settings: EndpointSettings, accountId?: string): Endpoint {
  const { region, custom, dualstack, fips } = settings;
  if (custom !== undefined) {
    refuseVariants(settings, "a custom endpoint");
    return { url: custom, signingRegion: region };
  }
  if (region === "local") {
    refuseVariants(settings, "the Region 'local'");
    return { url: "http://localhost:8000/", signingRegion: "us-east-1" };
  }
  const [, partition, suffix, dualstackSuffix] = PARTITIONS.find(([regions]) =>
    regions.test(region)
  )!;
  // GovCloud's ordinary host is its FIPS host.
  const service = fips && (dualstack || partition !== "aws-us-gov") ? "dynamodb-fips" : "dynamodb";
  const host = accountHost(settings, partition, accountId) ?? `${service}.${region}`;
  return { url: `https://${host}.${dualstack ? dualstackSuffix : suffix}/`, signingRegion: region };
}
