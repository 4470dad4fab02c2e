/**
 * Imports the file named by the first argument where reading a clock, randomness or the environment,
 * starting a timer, sending a request and making an `AbortController` all throw, as most of that does
 * at the top of a module on Cloudflare Workers.
 */

const FORBIDDEN: [name: string, owner: object, members: string[]][] = [
  ["globalThis", globalThis, [
    "fetch",
    "setTimeout",
    "setInterval",
    "queueMicrotask",
    "AbortController",
  ]],
  ["Date", Date, ["now"]],
  ["Math", Math, ["random"]],
  ["performance", performance, ["now"]],
  ["crypto", crypto, ["getRandomValues", "randomUUID"]],
  ["process", process, ["env"]],
  ["Deno", Deno, ["env"]],
];

const file = new URL(`../../${Deno.args[0]}`, import.meta.url);
for (const [name, owner, members] of FORBIDDEN) {
  for (const member of members) {
    const get = () => {
      throw new Error(`'${name}.${member}' was used while a module was loading`);
    };
    Object.defineProperty(owner, member, { get });
  }
}
await import(file.href);
