/** Files that a verb leaves behind. Folders are made only when there is something to put into them. */
import { accessSync, constants, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { InputError } from "../scenarios/index.js";

/**
 * For a verb to ask before its work, whose result would otherwise be lost. Writes nothing.
 *
 * @throws InputError where a file could not be written
 */
export function requireWritable(file: string): void {
  if (isFolder(file) === true) throw notWritable(file, "a folder");
  let folder = dirname(file);
  while (isFolder(folder) === null) folder = dirname(folder);
  if (isFolder(folder) === false) throw notWritable(file, `${folder}, which is no folder`);
  attempt(file, () => accessSync(folder, constants.W_OK));
}

/**
 * Writes a whole file or none: under another name first. Returns the path as a person would type it.
 *
 * @throws InputError where it cannot
 */
export function writeWhole(file: string, text: string): string {
  const part = `${file}.${process.pid}.part`;
  attempt(file, () => {
    makeFolder(dirname(file));
    try {
      writeFileSync(part, text);
      renameSync(part, file);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
  });
  return readable(file);
}

/** Makes a file's folder and opens it by `open`. @throws InputError where that cannot be done */
export function openFor<T>(file: string, open: () => T): T {
  return attempt(file, () => {
    makeFolder(dirname(file));
    return open();
  });
}

/** Step by step: `recursive` never comes back from below /proc, where a folder cannot be made and is not there either. */
function makeFolder(folder: string): void {
  if (isFolder(folder) !== null) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (isFolder(folder) !== true) throw error; // Otherwise another process made it in between.
  }
}

/** null: there is nothing of that name. */
function isFolder(path: string): boolean | null {
  try {
    return statSync(path).isDirectory();
  } catch {
    return null;
  }
}

const FOUND: Readonly<Record<string, string>> = {
  EACCES: "no permission to write there",
  EEXIST: "a file where a folder must be",
  EISDIR: "a folder",
  ENOENT: "a folder that cannot be made",
  ENOSPC: "a full disk",
  ENOTDIR: "a file where a folder must be",
  EPERM: "no permission to write there",
  EROFS: "a file system that is read-only",
};

function attempt<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw notWritable(file, FOUND[code] ?? code);
  }
}

function notWritable(file: string, found: string): InputError {
  return new InputError({ file, path: "", expected: "a file that can be written", found });
}

function readable(file: string): string {
  const short = relative(process.cwd(), file);
  return short === "" || short.startsWith("..") ? file : short;
}
