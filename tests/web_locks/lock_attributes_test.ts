/**
 * What a lock says of itself. Restates `web-locks/lock-attributes.https.any.js` of the
 * web-platform-tests.
 */

import { assertEquals } from "@std/assert";
import { webTest } from "./stage.ts";

for (const mode of ["exclusive", "shared"] as const) {
  webTest(`a lock has its name and the mode '${mode}'`, async ({ locks, name, until }) => {
    const job = name();
    const seen = await until(
      locks.request(job, { mode }, (lock) => [lock?.name, lock?.mode]),
    );
    assertEquals(seen, [job, mode]);
  });
}

webTest("the attributes of a lock stay when it was given back", async ({ locks, name, until }) => {
  const job = name();
  const [lock] = await until(locks.request(job, (lock) => [lock]));
  assertEquals([lock?.name, lock?.mode], [job, "exclusive"]);
});
