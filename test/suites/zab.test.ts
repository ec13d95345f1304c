import { zab } from "../../protocols/zab/index.js";
import { protocolSuite } from "./protocolSuite.js";

protocolSuite(zab, {
  variants: {
    "few snapshots": { snapshotEveryEntries: 50 },
    "many snapshots": { snapshotEveryEntries: 5, trailingEntries: 1 },
    "window of one": { windowEntries: 1 },
  },
});
