import { raft } from "../../protocols/raft/index.js";
import { protocolSuite } from "./protocolSuite.js";

protocolSuite(raft, {
  variants: {
    "read index, few snapshots": { snapshotEveryEntries: 50 },
    "lease, many snapshots": { readMechanism: "lease", snapshotEveryEntries: 5, snapshotKeepEntries: 1 },
    "without PreVote and CheckQuorum": { preVote: false, checkQuorum: false, inflightMessagesMax: 1 },
  },
});
