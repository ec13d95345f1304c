/** One script being played: line in, output out. Used by goldens and by hand. */
import type { AnyModule } from "../../../protocols/core/index.js";
import { ScriptCluster } from "./cluster.js";
import { readClusterOptions } from "./clusterOptions.js";
import type { Shown } from "./print.js";
import { ScriptError } from "./scriptError.js";
import { runVerb, VERBS } from "./verbs.js";
import { allowSettings, allowWords, type Line, parseLine } from "./words.js";

/** Client ids of requests that name no client; named ones are usually below. */
const FIRST_OWN_CLIENT = 1_000_001;

/** What one line did: what the cluster showed, then the line's own answer. */
export interface Played {
  readonly quiet: boolean;
  readonly shown: readonly Shown[];
  readonly answers: readonly string[];
}

const OWN_VERBS = [
  "cluster [PROTOCOL] NODE … [learner NODE …] [option=VALUE …]   makes a cluster, in place of the one before",
  "quiet on|off   shows replies, applied operations and answers only, in words that all protocols share",
  "trace on|off   shows the spec's actions",
  "help   this list",
];

export class ScriptSession {
  private readonly modules: readonly AnyModule[];
  private cluster: ScriptCluster | null = null;
  private shown: Shown[] = [];
  private quiet = false;
  private trace = false;
  private lastClient = FIRST_OWN_CLIENT - 1;
  private sequences = new Map<number, number>();

  /** @param modules The protocols that a `cluster` line may name; with a single one the name may be left out. */
  constructor(modules: readonly AnyModule[]) {
    this.modules = modules;
  }

  /**
   * Plays one line. Returns what it shows, without a newline at the end; "" if that is nothing or the line is a comment.
   * Throws ScriptError, with one line of text, if the line cannot be played; nothing has happened then, except that a
   * line with several nodes or messages may have got part of the way.
   */
  execute(text: string): string {
    return playedText([this.play(text)]);
  }

  /** Like `execute`, for lines whose output is shown together by `playedText`. */
  play(text: string): Played {
    this.shown = [];
    const empty = text.trim() === "" || text.trimStart().startsWith("#");
    const answers = empty ? [] : this.run(parseLine(text));
    const shown = this.shown.filter((line) => this.trace || line.trace !== true);
    return { quiet: this.quiet, shown, answers };
  }

  private run(line: Line): readonly string[] {
    switch (line.verb) {
      case "cluster":
        this.cluster = new ScriptCluster(readClusterOptions(line, this.modules), (shown) => this.shown.push(shown));
        this.sequences = new Map();
        return [];
      case "quiet":
        this.quiet = readSwitch(line);
        return [];
      case "trace":
        this.trace = readSwitch(line);
        return [];
      case "help":
        return [...OWN_VERBS, ...Object.values(VERBS).map((verb) => verb.usage)].sort((a, b) => (a < b ? -1 : 1));
      default:
        return this.runVerb(line);
    }
  }

  private runVerb(line: Line): readonly string[] {
    // A misspelt verb is the likelier mistake, so it is named first.
    if (this.cluster === null && Object.hasOwn(VERBS, line.verb)) {
      const protocol = this.modules.length === 1 ? "" : `${this.modules[0]?.name} `;
      throw new ScriptError(`there is no cluster yet: begin with "cluster ${protocol}n1 n2 n3"`);
    }
    const { cluster, quiet } = this;
    if (cluster === null) throw new ScriptError(`unknown verb "${line.verb}"; "help" lists them`);
    return runVerb(
      { cluster, quiet, sequence: (client, given) => this.sequence(client, given), newClient: () => this.newClient() },
      line,
    );
  }

  private newClient(): number {
    this.lastClient += 1;
    return this.lastClient;
  }

  private sequence(client: number, given: number | null): number {
    const seq = given ?? (this.sequences.get(client) ?? 0) + 1;
    this.sequences.set(client, seq);
    return seq;
  }
}

/**
 * The output of lines that belong together. What was played in quiet mode is put in an order that no protocol decides:
 * notes, replies as they were asked for, applied operations by node (which node hears of a commit first differs), answers.
 */
export function playedText(played: readonly Played[]): string {
  const loud = played
    .filter((line) => !line.quiet)
    .flatMap((line) => [...line.shown.map(({ text }) => text), ...line.answers]);
  const quiet = played.filter((line) => line.quiet);
  const shown = quiet.flatMap((line) => line.shown);
  const notes = shown.filter((line) => line.quiet?.kind === "note");
  const replies = shown.filter((line) => line.quiet?.kind === "reply");
  const applies = shown.filter((line) => line.quiet?.kind === "apply");
  replies.sort((a, b) => (a.quiet?.order ?? 0) - (b.quiet?.order ?? 0));
  applies.sort((a, b) => nodeOrder(a) - nodeOrder(b));
  const texts = [...notes, ...replies, ...applies].flatMap((line) => line.quiet?.text ?? []);
  return [...loud, ...texts, ...quiet.flatMap((line) => line.answers)].join("\n");
}

function nodeOrder(shown: Shown): number {
  return Number(shown.node.slice(1));
}

function readSwitch(line: Line): boolean {
  allowSettings(line, []);
  allowWords(line, 1, `${line.verb} on|off`);
  const word = line.words[0];
  if (word !== "on" && word !== "off") throw new ScriptError(`${line.verb} on or off expected, found "${word ?? ""}"`);
  return word === "on";
}
