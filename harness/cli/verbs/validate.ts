/** `synod validate TRACE`: accepted, or rejected at an event with what was expected and what was there. */
import { ToolError } from "tla2tools-runner";
import {
  TRACED,
  tracedProtocol,
  type TraceEvent,
  type TraceResult,
  traceWords,
  validateTrace,
} from "../../conform/index.js";
import type { TraceLine } from "../../drivers/sim/index.js";
import { InputError, parseJson, readText, shown } from "../../scenarios/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { milliseconds } from "../numbers.js";
import type { ValidateOutput } from "../output.js";
import type { Terminal } from "../terminal.js";
import type { TraceHeader } from "../traces.js";

const TIMEOUT_MS = 600_000;

/** @throws InputError for a file that is no trace, or of another protocol */
export async function validate(file: string, spec: string | undefined, out: Terminal): Promise<ExitCode> {
  const { header, texts } = readHeader(file);
  const name = spec ?? header.protocol;
  const protocol = tracedProtocol(name);
  if (protocol === undefined || name !== header.protocol) {
    const names = TRACED.map((one) => one.name).join(", ");
    const expected = protocol === undefined ? `one of ${names}` : `${header.protocol}, whose trace ${file} is`;
    throw new InputError({ file: "--spec", path: "", expected, found: shown(name) });
  }
  const collector = protocol.collector(false);
  const config = protocol.config(header.cluster, header.options);
  let made: readonly TraceEvent[] | null = null;
  const events = (): readonly TraceEvent[] => {
    if (made !== null) return made;
    for (const line of linesOf(texts, file)) collector.line(line);
    made = collector.events();
    return made;
  };
  try {
    const trace = { config, events, eventsMax: texts.length };
    const { result, wallMs } = await validateTrace(protocol, trace, { timeoutMs: TIMEOUT_MS });
    return say(protocol.title, result, wallMs, out);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    out.say(`Not validated: ${error.message}`);
    const nothing: ValidateOutput = {
      verdict: "inconclusive",
      events: events().length,
      matched: 0,
      reason: error.message,
    };
    out.result(nothing);
    return EXIT.unknown;
  }
}

function say(title: string, result: TraceResult, wallMs: number, out: Terminal): ExitCode {
  const { verdict, events, matched, rejectedAt, event, differences, reason } = result;
  out.say(`${title}: ${traceWords(result).replace("the first ", "")} (${milliseconds(wallMs)}).`);
  if (verdict === "rejected") {
    const { node: _node, action: _action, seq, ...rest } = event ?? { node: "", action: "" };
    out.say(`Line ${seq} of the run. The specification follows ${matched} events and then cannot do this one:`);
    out.say(`  ${JSON.stringify({ ...rest, state: undefined })}`);
    if (differences.length === 0) out.say("  No action of that name is possible there.");
    for (const { what, expected, actual } of differences)
      for (const line of sideBySide(what, expected, actual)) out.say(`  ${line}`);
  }
  const output: ValidateOutput = {
    verdict,
    events,
    matched,
    ...(rejectedAt === null ? {} : { rejectedAt, event }),
    ...(differences.length === 0 ? {} : { differences, ...firstOf(differences) }),
    ...(reason === null ? {} : { reason }),
    wallMs,
  };
  out.result(output);
  return { accepted: EXIT.ok, rejected: EXIT.violated, inconclusive: EXIT.unknown }[verdict];
}

function firstOf(differences: TraceResult["differences"]): object {
  const first = differences.find(({ what }) => what === "state") ?? differences[0];
  return { expected: first?.expected, actual: first?.actual };
}

/** Only what differs, where both are records. */
function sideBySide(what: string, expected: unknown, actual: unknown): string[] {
  if (!isRecord(expected) || !isRecord(actual))
    return [`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`];
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort((a, b) => a.localeCompare(b));
  return names.flatMap((name) => {
    const [one, other] = [JSON.stringify(expected[name]), JSON.stringify(actual[name])];
    return one === other ? [] : [`${what}.${name}: expected ${one}, found ${other}`];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws InputError */
function readHeader(file: string): { readonly header: TraceHeader; readonly texts: readonly string[] } {
  const texts = readText(file)
    .split("\n")
    .filter((text) => text.trim() !== "");
  const first = texts[0] === undefined ? undefined : (parseJson(texts[0], `${file}:1`) as TraceLine);
  const header = first?.action === "Config" ? (first.args[0] as TraceHeader) : undefined;
  if (header === undefined)
    throw new InputError({
      file: `${file}:1`,
      path: "",
      expected: "a Config event, the first line of a trace",
      found: shown(first),
    });
  return { header, texts };
}

/** The lines after the first. @throws InputError */
function* linesOf(texts: readonly string[], file: string): Generator<TraceLine> {
  for (let at = 1; at < texts.length; at += 1) {
    const line = parseJson(texts[at] as string, `${file}:${at + 1}`) as TraceLine;
    if (typeof line.action !== "string" || !Array.isArray(line.args))
      throw new InputError({
        file: `${file}:${at + 1}`,
        path: "",
        expected: "a line of a trace, with action and args",
        found: shown(line),
      });
    yield line;
  }
}
