/**
 * The classes of TLC as the JVM has them after loading (class data sharing): a JVM that finds them starts a fifth faster.
 * The first run that ends well leaves them in the cache. Nothing depends on them: a JVM refuses what does not fit it.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, type JarOptions } from "./jar.js";
import type { Java } from "./java.js";

export interface Archive {
  /** For the JVM. */
  readonly args: readonly string[];
  /** Keeps what the run left, if it ended well. */
  end(exitCode: number | null): Promise<void>;
}

const NONE: Archive = { args: [], end: () => Promise.resolve() };
/** The first JVM that writes such archives. */
const MAJOR_MIN = 13;
const UNUSED_MS = 30 * 24 * 3_600_000;
/** A JVM that refuses an archive would say so where TLC's words are read. */
const SILENT = ["-Xlog:cds*=off", "-Xlog:class+path*=off"];

/** @param classPath jars, in order; an archive is for these at these places alone */
export async function archiveOf(java: Java, classPath: readonly string[], options: JarOptions = {}): Promise<Archive> {
  if (java.major < MAJOR_MIN || /OpenJ9/i.test(java.banner)) return NONE;
  const folder = cacheFolder(options);
  const key = createHash("sha256")
    .update([java.path, java.banner, ...classPath].join("\n"))
    .digest("hex")
    .slice(0, 16);
  const file = join(folder, `classes-${key}.jsa`);
  try {
    const newest = Math.max(...(await Promise.all(classPath.map(modified))));
    if ((await modified(file).catch(() => 0)) > newest)
      return { args: [`-XX:SharedArchiveFile=${file}`, ...SILENT], end: () => Promise.resolve() };
    await mkdir(folder, { recursive: true });
  } catch {
    return NONE;
  }
  const own = join(folder, `classes-${randomBytes(8).toString("hex")}.tmp`);
  const end = async (exitCode: number | null): Promise<void> => {
    try {
      if (exitCode === 0) await rename(own, file);
      else await rm(own, { force: true });
      await forgetUnused(folder);
    } catch {
      // Without an archive everything works, only slower.
    }
  };
  return { args: [`-XX:ArchiveClassesAtExit=${own}`, ...SILENT], end };
}

async function modified(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}

async function forgetUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^classes-\w+\.(jsa|tmp)$/.test(name)) continue;
    const { atimeMs, mtimeMs } = await stat(join(folder, name));
    if (Date.now() - Math.max(atimeMs, mtimeMs) > UNUSED_MS) await rm(join(folder, name), { force: true });
  }
}
