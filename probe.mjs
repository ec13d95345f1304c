import { readFileSync, readdirSync } from "node:fs";
import { execSync, spawn } from "node:child_process";
import { leanStatus } from "./dist/harness/subjects/bench/syncs.js";
const [subjects, clients] = [process.argv[2], process.argv[3]];
for (const subject of subjects.split(",")) {
  execSync("rm -rf /tmp/hotprobe; mkdir -p /tmp/hotprobe");
  const child = spawn("node", ["dist/harness/cli/main.js","bench","--subjects",subject,"--clients",clients,"--rounds","1","--duration","5s","--warmup","500ms","--first-warmup","5s","--against",subject,"--dir","/tmp/hotprobe"], {stdio:["ignore","pipe","pipe"]});
  let text=""; child.stdout.on("data",d=>text+=d);
  await new Promise(r=>setTimeout(r,9000));
  const files = execSync("find /tmp/hotprobe -name config.json").toString().trim().split("\n");
  const configs = files.map(f=>JSON.parse(readFileSync(f)));
  const take = () => Promise.all(configs.map(c => leanStatus(c.cluster, c.members.find(m=>m.id===c.id).client)));
  const a = await take(); await new Promise(r=>setTimeout(r,2500)); const b = await take();
  const leader = b.findIndex(x=>x.role==="leader"||x.role==="LEADING"||x.role==="LEADER");
  const ops = b[leader].counters.writesOk === undefined ? b[leader].appliedIndex-a[leader].appliedIndex : b[leader].counters.writesOk-a[leader].counters.writesOk;
  for (let i=0;i<3;i++) {
    const c={};
    for (const k of Object.keys(b[i].counters)) { const d=b[i].counters[k]-a[i].counters[k]; if (d>0) c[k]=d; }
    console.log(subject, clients, b[i].id, b[i].role, "ops", ops, "cpu us/op", ((b[i].cpuMicros-a[i].cpuMicros)/ops).toFixed(2), "applied", b[i].appliedIndex-a[i].appliedIndex, JSON.stringify(c));
  }
  await new Promise(r=>child.on("exit",r));
}
