/** `synod doctor`: what this machine has and lacks, and the line that installs it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { EXIT, type ExitCode } from "../exit.js";
import { SYNOD_VERSION } from "../../record/index.js";
import { machine } from "../environment.js";
import type { DoctorOutput, ToolState } from "../output.js";
import { list } from "../numbers.js";
import { table, type Terminal } from "../terminal.js";

interface Tool {
  readonly name: string;
  readonly required: boolean;
  readonly purpose: string;
  /** Debian's package, which also names it elsewhere more often than not. */
  readonly debian: string;
  /** Homebrew's. */
  readonly brew: string | null;
  /** Says what is there, or null. */
  readonly find: () => string | null;
}

/** First line that a program says about itself; null where it cannot be started. */
function firstLine(program: string, args: readonly string[]): string | null {
  try {
    const said = execFileSync(program, args, { encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "pipe"] });
    return said.trim().split("\n")[0] ?? null;
  } catch {
    return null;
  }
}

/** ZooKeeper is a set of jars rather than a program on the path. */
function zooKeeper(): string | null {
  const found = ["/usr/share/java/zookeeper.jar", "/usr/share/zookeeper/bin/zkServer.sh"].find((file) =>
    existsSync(file),
  );
  return found ?? firstLine("zkServer.sh", ["version"]);
}

/** Java says its version on standard error with -version, on standard output with --version (11 and later). */
const TOOLS: readonly Tool[] = [
  {
    name: "java",
    required: false,
    purpose: "checks against the TLA+ specifications (11 or later)",
    debian: "default-jre-headless",
    brew: "openjdk",
    find: () => firstLine("java", ["--version"]),
  },
  {
    name: "mvn",
    required: false,
    purpose: "fetches the TLA+ tools once",
    debian: "maven",
    brew: "maven",
    find: () => firstLine("mvn", ["-q", "--version"]),
  },
  {
    name: "git",
    required: false,
    purpose: "names the commit in results",
    debian: "git",
    brew: "git",
    find: () => firstLine("git", ["--version"]),
  },
  {
    name: "etcd",
    required: false,
    purpose: "a real Raft to compare with (synod bench)",
    debian: "etcd-server",
    brew: "etcd",
    find: () => firstLine("etcd", ["--version"]),
  },
  {
    name: "etcdctl",
    required: false,
    purpose: "speaks to etcd, and to nodes of ours, from outside",
    debian: "etcd-client",
    brew: "etcd",
    find: () => firstLine("etcdctl", ["version"]),
  },
  {
    name: "zookeeper",
    required: false,
    purpose: "a real ZAB to compare with (synod bench)",
    debian: "zookeeper",
    brew: "zookeeper",
    find: zooKeeper,
  },
  {
    name: "go",
    required: false,
    purpose: "builds the load generator and hashicorp/raft for synod bench (1.24 or later)",
    debian: "golang-go",
    brew: "go",
    find: () => firstLine("go", ["version"]),
  },
];

function installLine(tool: Tool): string {
  if (process.platform === "darwin" && tool.brew !== null) return `brew install ${tool.brew}`;
  return `sudo apt-get install ${tool.debian}`;
}

function nodeState(): ToolState {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const found = major > 20 || (major === 20 && minor >= 19);
  return {
    name: "node",
    found,
    version: `v${process.versions.node}`,
    required: true,
    purpose: "runs Synod (20.19 or later)",
    install: found ? null : "npm install --global node@22",
  };
}

/** Says what this machine has and what it lacks. Nothing that is lacking is an error. */
export function doctor(out: Terminal): ExitCode {
  const tools = [nodeState(), ...TOOLS.map(stateOf)];
  const lacking = tools.filter((tool) => tool.required && !tool.found);
  const ready = lacking.length === 0;
  out.say(
    ready
      ? "This machine can run the main job."
      : `This machine cannot run the main job: it lacks ${list(lacking.map((tool) => tool.name))}.`,
  );
  const { cpu, cores, memoryBytes, platform } = machine();
  out.say(`Synod ${SYNOD_VERSION} on ${platform}, ${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GiB.`);
  out.say();
  const rows = tools.map((tool) => [tool.name, tool.found ? "found" : "absent", tool.purpose, tool.version ?? ""]);
  for (const line of leftTable(["tool", "state", "for", "version"], rows)) out.say(line);
  const absent = tools.filter((tool) => tool.install !== null);
  if (absent.length > 0) {
    out.say();
    for (const tool of absent) out.say(`${tool.name}: ${tool.install}`);
  }
  const result: DoctorOutput = { tools, synod: SYNOD_VERSION, ready };
  out.result(result);
  return ready ? EXIT.ok : EXIT.unknown;
}

function stateOf(tool: Tool): ToolState {
  const version = tool.find();
  const { name, required, purpose } = tool;
  return {
    name,
    found: version !== null,
    version,
    required,
    purpose,
    install: version === null ? installLine(tool) : null,
  };
}

/** Words read from the left. */
function leftTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]?.length ?? 0)));
  const padded = [header, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)));
  return table(padded[0] as string[], padded.slice(1));
}
