/** Finds files of the project. */

import { ROOT } from "../offline/config.ts";

/** The paths, from the root of the project and in order, of the files in `folder` that end so. */
export async function findFiles(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await findFiles(path, ending));
    else if (path.endsWith(ending)) found.push(path);
  }
  return found.sort();
}
