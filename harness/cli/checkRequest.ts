/** What `synod check` was asked for, from its options. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { allLevels, builtinModels, type CheckFileOptions, historyFormats } from "../check/index.js";
import { InputError } from "../scenarios/index.js";
import type { CheckOptions } from "./verbs/check.js";

/** A history or a manifest, and how to check it. */
export type CheckRequest = CheckOptions & { readonly manifest: string | undefined };

const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** "512MiB", "2GiB": bytes. */
export function parseBytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(amount) * (UNIT_BYTES[unit ?? ""] ?? Number.NaN));
  if (!(bytes > 0 && bytes <= 2 ** 40)) throw new InvalidArgumentError("Expected a size such as 512MiB or 2GiB.");
  return bytes;
}

/** A JSON value that a key can hold. */
export function parseInitial(text: string): NonNullable<CheckFileOptions["initial"]> | null {
  try {
    return JSON.parse(text) as NonNullable<CheckFileOptions["initial"]>;
  } catch {
    throw new InvalidArgumentError(`Expected JSON, such as 0, null or '"text"'.`);
  }
}

/** Adds what a history can be checked for, how it is to be read, and limits. */
export function addCheckOptions(command: Command): Command {
  const one = (option: Option): Option => option.conflicts("manifest");
  return command
    .argument("[history]", "JSONL, Jepsen's EDN, or a log of porcupine's")
    .addOption(
      one(new Option("--level <level>", "what is promised").choices([...allLevels, "all"]).default("linearizable")),
    )
    .addOption(one(new Option("--model <model>", "what an operation means").choices([...builtinModels]).default("kv")))
    .option("--manifest <file>", "check every history that this list names (file, model, ops, expected) instead of one")
    .addOption(one(new Option("--html <file>", "write the verdict and the witness as a page")))
    .addOption(new Option("--format <format>", "recognised by its beginning if absent").choices([...historyFormats]))
    .addOption(
      new Option("--initial <json>", "what every key holds at the start; null, or as format and model say").argParser(
        parseInitial,
      ),
    )
    .addOption(
      new Option("--failed-cas <rule>", "one that does not say what it saw: no news, or it saw another value").choices([
        "dropped",
        "not-equal",
      ]),
    )
    .addOption(
      new Option("--null-read <rule>", "a read of null: it saw an absent key, or it says nothing").choices([
        "value",
        "unconstrained",
      ]),
    )
    .addOption(
      new Option("--memory <size>", "give up above this much memory beside the history")
        .argParser(parseBytes)
        .default(2 ** 30, "1GiB"),
    );
}

/** @throws InputError if there is neither a history nor a manifest, or both. */
export function checkRequest(options: Readonly<Record<string, unknown>>, args: readonly string[]): CheckRequest {
  const { level, model, html, manifest, format, initial, failedCas, nullRead, memory, deadline } = options;
  const [history] = args;
  if ((history === undefined) === (manifest === undefined))
    throw new InputError({
      file: "check",
      path: "",
      expected: "a history or --manifest",
      found: history === undefined ? "neither" : "both",
    });
  const reading: Partial<CheckFileOptions> = {
    ...(format === undefined ? {} : { format: format as NonNullable<CheckFileOptions["format"]> }),
    ...(initial === undefined ? {} : { initial: initial as NonNullable<CheckFileOptions["initial"]> }),
    ...(failedCas === undefined ? {} : { failedCas: failedCas === "dropped" ? "dropped" : "notEqual" }),
    ...(nullRead === undefined ? {} : { nullRead: nullRead as NonNullable<CheckFileOptions["nullRead"]> }),
  };
  return {
    level: level as CheckOptions["level"],
    model: model as CheckOptions["model"],
    html: html as string | undefined,
    manifest: manifest as string | undefined,
    deadlineMs: deadline as number,
    memoryBytesMax: memory as number,
    reading,
  };
}
