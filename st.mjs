import { readFileSync } from "node:fs"; import { execSync } from "node:child_process";
import { leanStatus } from "./dist/harness/subjects/bench/syncs.js";
const files = execSync("find /tmp/mpd -name config.json").toString().trim().split("\n");
for (const f of files) { const c=JSON.parse(readFileSync(f)); const s= await leanStatus(c.cluster, c.members.find(m=>m.id===c.id).client).catch(e=>({e:String(e)})); delete s.peers; console.log(JSON.stringify(s)); }
