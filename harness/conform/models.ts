/** The protocols whose bounded models can be checked and compared with their code. */
import type { Protocol } from "../../protocols/core/index.js";
import type { CheckedProtocol, Model, ModelledProtocol } from "./checked.js";
import { checkModel, conformPlanned, exploreModel, planModel } from "./conform.js";
import { multipaxosModels } from "./multipaxos/models.js";
import { raftModels } from "./raft/models.js";
import { zabModels } from "./zab/models.js";

/** Forgets the types of a protocol. */
function checked<P extends Protocol, D extends object>(protocol: ModelledProtocol<P, D>): CheckedProtocol {
  const { name, title, models, specModels, module } = protocol;
  return {
    name,
    title,
    models,
    specModels,
    check: (model, settings) =>
      checkModel(protocol, specModels.find((one) => one.name === model) ?? modelOf(protocol, model), settings),
    conform: async (model, settings) =>
      conformPlanned(await planModel(protocol, modelOf(protocol, model), settings), module),
    explore: (model, way) => exploreModel(protocol, modelOf(protocol, model), way),
  };
}

export function modelOf<P extends Protocol, D extends object>(
  { title, models }: ModelledProtocol<P, D>,
  name: string,
): Model {
  const found = models.find((model) => model.name === name);
  if (found === undefined) throw new Error(`${title} has no model ${name}`);
  return found;
}

export const CHECKED: readonly CheckedProtocol[] = [checked(raftModels), checked(multipaxosModels), checked(zabModels)];
