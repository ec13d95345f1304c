import { multipaxos } from "../../protocols/multipaxos/index.js";
import { protocolSuite } from "./protocolSuite.js";

protocolSuite(multipaxos, {
  variants: {
    "lease, few snapshots": { snapshotEveryEntries: 50 },
    "quorum read, many snapshots": { readMechanism: "quorumRead", snapshotEveryEntries: 5, snapshotTrailingEntries: 1 },
    "window of one, no stickiness": { stickiness: false, readMechanism: "quorumRead", windowSlots: 1 },
  },
});
