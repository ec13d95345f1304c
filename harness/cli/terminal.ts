/** Where words go: with --json standard output carries one object and everything else goes to standard error. */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";

/** What a verb may say, and where. */
export interface Terminal {
  readonly json: boolean;
  /** A line of prose. */
  say(line?: string): void;
  /** Shows how far something is, in place, on a terminal only; null takes the line away. */
  progress(line: string | null): void;
  /** The one object of --json; does nothing without it. */
  result(value: object): void;
}

/** What a command writes to: the streams of its process, or of a caller that wants to read what it said. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** To `out`, at once and whole: a large object on a pipe must not be cut by the end of the process. */
  readonly outWhole: (text: string) => void;
  /** Somebody looks on at `err`. */
  readonly interactive: boolean;
}

/** Those of this process. */
export function processStreams(): Streams {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    outWhole: (text) => writeAll(1, text),
    interactive: isatty(2),
  };
}

/** @param json standard output is kept for the one object */
export function terminal(json: boolean, { out, err, outWhole, interactive }: Streams): Terminal {
  const prose = json ? err : out;
  let shownChars = 0;
  const clear = (): void => {
    if (shownChars > 0) err(`\r${" ".repeat(shownChars)}\r`);
    shownChars = 0;
  };
  return {
    json,
    say(line = "") {
      clear();
      prose(`${line}\n`);
    },
    progress(line) {
      if (!interactive) return;
      clear();
      if (line === null) return;
      const fitting = line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
      err(fitting);
      shownChars = fitting.length;
    },
    result(value) {
      if (json) outWhole(`${JSON.stringify(value)}\n`);
    },
  };
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return; // The reader has seen enough.
      if (code !== "EAGAIN") throw error;
    }
  }
}

/** Columns padded to their widest cell; the first is flush left, the others flush right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(header), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)];
}

/** Breaks prose at spaces so that no line is longer than `width`. */
export function wrap(text: string, width = 100, indent = ""): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  lines.push(line);
  return lines;
}
