/** Files that a verb leaves behind. Folders are made only when there is something to put into them. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";

/** Writes a whole file or none: under another name first. Returns the path as a person would type it. */
export function writeWhole(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, text);
  renameSync(part, file);
  return readable(file);
}

function readable(file: string): string {
  const short = relative(process.cwd(), file);
  return short === "" || short.startsWith("..") ? file : short;
}
