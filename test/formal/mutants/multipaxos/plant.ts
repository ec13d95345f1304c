/** Builds a core of Multi-Paxos with one planted bug. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MultiPaxosModule } from "../../../../harness/conform/multipaxos/adapter.js";
import type { Mutant } from "./index.js";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** A folder for the copies, below the one for built files, so that imports find what they need. */
export function mutantFolder(): string {
  const parent = join(ROOT, "dist", "mutants");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "multipaxos-"));
  symlinkSync(join(ROOT, "protocols", "core"), join(folder, "core"), "dir");
  return folder;
}

/** @throws Error where the text to replace is not in the source exactly once. */
export async function plant(mutant: Mutant, folder: string): Promise<MultiPaxosModule> {
  const original = join(ROOT, "protocols", "multipaxos");
  const copy = join(folder, mutant.id);
  mkdirSync(copy);
  for (const file of readdirSync(original)) if (file.endsWith(".ts")) cpSync(join(original, file), join(copy, file));
  const path = join(copy, mutant.file);
  const parts = readFileSync(path, "utf8").split(mutant.find);
  if (parts.length !== 2)
    throw new Error(`${mutant.id}: its text is in ${mutant.file} ${parts.length - 1} times, once expected`);
  writeFileSync(path, parts.join(mutant.replace));
  const { multipaxos } = (await import(join(copy, "index.ts"))) as { multipaxos: MultiPaxosModule };
  return multipaxos;
}
