// A Vite plugin: tests import the compiled code, the one that is shipped, and Node.js loads it as it is. Vitest then transforms
// the tests alone. Whoever calls Vitest without `npm test` need not build first.
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const COMPILED = new Set(["protocols", "harness", "bench"]);

/** @returns {import("vitest/config").Plugin} */
export function compiledSources() {
  return {
    name: "compiled-sources",
    enforce: "pre",
    configResolved() {
      const compiler = join(root, "node_modules/typescript/bin/tsc");
      const { status } = spawnSync(process.execPath, [compiler, "-b"], { cwd: root, stdio: ["ignore", 2, 2] });
      if (status !== 0) process.stderr.write("synod: the build has errors; what it wrote is tested all the same\n");
    },
    resolveId(source, importer) {
      if (importer === undefined || !/^\.\.?\/.*\.js$/.test(source)) return null;
      const target = resolve(dirname(importer), source);
      const folder = dirname(target);
      if (!existsSync(folder)) return null;
      // The real folder: planted bugs lie beside a link to the one of the core.
      const place = relative(root, join(realpathSync(folder), target.slice(folder.length)));
      if (!COMPILED.has(place.split(sep, 1)[0])) return null;
      const file = join(root, "dist", place);
      return existsSync(file) ? file : null;
    },
  };
}
