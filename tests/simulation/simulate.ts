Error.stackTraceLimit = Number(Deno.args[3] ?? 0);
import { simulate } from "./run.ts";
import { Tally } from "./trace.ts";
const from = Number(Deno.args[0] ?? 1), n = Number(Deno.args[1] ?? 100);
const tally = new Tally();
const t = performance.now();
let ev = 0, fails = 0;
const by: Record<string, number> = {};
for (let seed = from; seed < from + n; seed++) {
  const t0 = performance.now();
  const r = await simulate(seed);
  by[r.scenario.kind] = (by[r.scenario.kind] ?? 0) + performance.now() - t0;
  ev += r.events;
  tally.merge(r.tally);
  if (r.violation) {
    fails++;
    if (fails <= 15) console.log(seed, r.scenario.kind, r.violation.rule, "|", r.violation.text.slice(0, 400));
  }
}
const s = (performance.now() - t) / 1000;
console.log(n, "seeds", (n / s).toFixed(0), "per s", ev / n, "events", fails, "failed", by);
if (Deno.args[2]) console.log([...tally.counts].sort().map(([k, v]) => `${k} ${v}`).join("\n"));
