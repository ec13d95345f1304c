/** Constants of a model, from the .cfg file that gives them to TLC. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { specFolder } from "./protocol.js";

/** @returns the text of a constant; it throws an Error where the file does not name it and nothing else is given */
export function constantsOf(config: string): (name: string, absent?: string) => string {
  const constants = new Map<string, string>();
  const lines = readFileSync(join(specFolder(), config), "utf8").matchAll(/^ {2}(\w+) (?:=|<-) (.+)$/gm);
  for (const [, name, value] of lines) constants.set(name as string, value as string);
  return (name, absent) => {
    const value = constants.get(name) ?? absent;
    if (value === undefined) throw new Error(`${config} gives no ${name}`);
    return value;
  };
}
