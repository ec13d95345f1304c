/** What runs in a simulated process: a host of either kind, over what the node's disk holds. */
import { type AnyProtocol, type AnyRegister, assert } from "../../../protocols/core/index.js";
import { createHost, createRegisterHost } from "../../host/index.js";
import type { Driven, SimNode, World } from "./world.js";

/** Far above what a run's clients need; a session that is dropped would be a fault nobody asked for. */
const SESSIONS_MAX = 1_000_000;
const BATCH_BYTES_MAX = 1 << 20;

export function hostOf(world: World, { id, incarnation, disk }: SimNode): Driven {
  const { module, configuration: bootstrap, options } = world;
  if (module.kind === "register") {
    const replica = { id, incarnation, bootstrap, options };
    return createRegisterHost<AnyRegister>({ module, replica, recovered: [...disk.cells.values()] });
  }
  return createHost<AnyProtocol>({
    module,
    replica: { id, incarnation, bootstrap, options, tracing: world.trace !== null },
    recovered: {
      hard: disk.hard,
      snapshot: disk.snapshot,
      entries: disk.log.slots.filter((entry) => entry !== undefined),
    },
    loadSnapshot: (image) => {
      const found = disk.images.get(image);
      assert(found !== undefined, `${id} has no snapshot ${image}`);
      return found.bytes;
    },
    sessionsMax: SESSIONS_MAX,
    batchBytesMax: BATCH_BYTES_MAX,
    defersApply: world.scenario.applyDelayMs !== undefined,
  });
}
