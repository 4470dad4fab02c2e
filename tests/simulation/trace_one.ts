import { simulate } from "./run.ts";
const r = await simulate(Number(Deno.args[0]), true);
console.log(JSON.stringify(r.scenario));
console.log(r.trace.join("\n"));
console.log(r.violation);
