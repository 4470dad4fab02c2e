/**
 * Sends requests as a client would, without a client: signed in form only.
 *
 * @module
 */

/** An answer with its body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** The headers of a signed request; neither MemoryDynamo nor DynamoDB Local checks the signature. */
export function signedHeaders(operation: string): Record<string, string> {
  return {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": `DynamoDB_20120810.${operation}`,
    "x-amz-date": "20260101T000000Z",
    authorization: "AWS4-HMAC-SHA256 " +
      "Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
  };
}

/** Sends one operation. A text is sent as it is. */
export async function send(
  fetcher: typeof fetch,
  endpoint: string,
  operation: string,
  input: object | string,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetcher(endpoint, {
    method: "POST",
    headers: signedHeaders(operation),
    body: typeof input === "string" ? input : JSON.stringify(input),
    redirect: "manual",
    ...init,
  });
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: the text itself is the body.
  }
  return { status: response.status, headers: response.headers, body };
}

/** The name of an error without its prefix. */
export function errorType({ body }: Answer): string | undefined {
  return typeof body?.__type === "string" ? body.__type.split("#").at(-1) : undefined;
}

/** The text of an error. */
export function errorMessage({ body }: Answer): string | undefined {
  return body?.message ?? body?.Message;
}
