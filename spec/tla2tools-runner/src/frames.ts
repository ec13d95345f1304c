/** TLC's `-tool` output: messages in frames, with plain lines (PrintT, Java output, the parser's chatter) between them. */

export interface Frame {
  readonly code: number;
  /** 0 none, 1 error, 2 bug in TLC, 3 warning, 4 state. */
  readonly severity: number;
  readonly text: string;
}

export interface FrameSink {
  frame(frame: Frame): void;
  line(line: string): void;
}

const START = /^@!@!@STARTMSG (\d+):(\d+) @!@!@$/;
const END = /^@!@!@ENDMSG \d+ @!@!@$/;

/** Feed it text in any pieces; call `end` after the last. */
export class FrameParser {
  private readonly sink: FrameSink;
  private rest = "";
  private open: { readonly code: number; readonly severity: number; readonly lines: string[] } | null = null;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  feed(text: string): void {
    const lines = (this.rest + text).split(/\r?\n/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.take(line);
  }

  end(): void {
    if (this.rest !== "") this.take(this.rest);
    this.rest = "";
    // A killed TLC leaves its last frame open: what it said is still worth having.
    this.close();
  }

  private take(line: string): void {
    const start = START.exec(line);
    if (start !== null) {
      this.close();
      this.open = { code: Number(start[1]), severity: Number(start[2]), lines: [] };
    } else if (END.test(line)) this.close();
    else if (line.startsWith("@TRACE ") || line.startsWith("@PROBLEM ") || this.open === null) this.sink.line(line);
    else this.open.lines.push(line);
  }

  private close(): void {
    if (this.open === null) return;
    const { code, severity, lines } = this.open;
    this.open = null;
    this.sink.frame({ code, severity, text: lines.join("\n") });
  }
}

/** The message codes that this package reads. */
export const CODE = {
  generalError: 1000,
  assumptionFalse: 2104,
  invariantInitial: 2107,
  invariantBehaviour: 2110,
  invariantEvaluation: 2111,
  actionProperty: 2112,
  deadlock: 2114,
  temporalProperty: 2116,
  behaviour: 2121,
  backToState: 2122,
  assertFailed: 2132,
  overrideLoaded: 2168,
  success: 2193,
  depth: 2194,
  totals: 2199,
  progress: 2200,
  state: 2217,
  stuttering: 2218,
  version: 2262,
} as const;
