/** The properties of a bounded model of Raft, by TLC. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, type CheckResult } from "tla2tools-runner";
import { raft } from "../../../protocols/raft/index.js";
import type { CheckedProtocol, CheckSettings } from "../checked.js";
import { specFolder } from "../protocol.js";
import { conformModel, forced } from "./conform.js";
import { Explorer } from "./explore.js";
import { boundsOf, configFile, type Model, models } from "./models.js";

/** @throws ToolError without Java or jar */
export async function checkModel(model: Model, settings: CheckSettings): Promise<CheckResult> {
  const { lines } = forced(new Explorer(raft, await boundsOf(model, raft)), model.prefix);
  const folder = await mkdtemp(join(tmpdir(), "synod-model-"));
  try {
    const file = join(folder, "prefix.ndjson");
    await writeFile(file, lines.map((step) => `${JSON.stringify(step)}\n`).join(""));
    return await check({
      ...settings,
      quickStart: model.size === "small",
      spec: join(specFolder(), "raft", "MCRaft.tla"),
      config: configFile(model),
      library: [join(specFolder(), "common")],
      environment: lines.length === 0 ? {} : { PREFIX: file },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function modelNamed(name: string): Model {
  const found = models.find((model) => model.name === name);
  if (found === undefined) throw new Error(`Raft has no model ${name}`);
  return found;
}

export const raftModels: CheckedProtocol = {
  name: "raft",
  title: "Raft",
  models,
  check: (name, settings) => checkModel(modelNamed(name), settings),
  conform: (name, settings) => conformModel(raft, modelNamed(name), settings),
};
