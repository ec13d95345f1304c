// The order of the test files where Vitest has not yet measured any, as on a fresh clone: a long file that came last would keep
// one core busy and leave the others idle. Files that wait for processes take turns with files that compute.
import { BaseSequencer } from "vitest/node";

const WAITING = ["/test/real/", "/test/api/"];
const COMPUTING = ["/test/formal/", "/test/cli/", "/test/sim/", "/test/bench/", "/spec/"];

export class LongFirst extends BaseSequencer {
  async sort(files) {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }, folders) => folders.findIndex((folder) => moduleId.includes(folder));
    const of = (folders) =>
      sorted.filter((file) => rank(file, folders) >= 0).sort((a, b) => rank(a, folders) - rank(b, folders));
    const [waiting, computing] = [of(WAITING), of(COMPUTING)];
    const first = [];
    while (waiting.length + computing.length > 0)
      first.push(...[waiting.shift(), computing.shift()].filter((file) => file !== undefined));
    return [...first, ...sorted.filter((file) => !first.includes(file))];
  }
}
