/** `synod step [FILE]`: the script driver by hand. Type an event, see the effects. */
import { createInterface } from "node:readline";
import { isatty } from "node:tty";
import { ScriptError, ScriptSession } from "../../drivers/script/index.js";
import { readText } from "../../scenarios/index.js";
import { EXIT, type ExitCode } from "../exit.js";
import { protocolByName, protocolNames } from "../protocols.js";
import type { StepOutput } from "../output.js";
import type { Terminal } from "../terminal.js";

/**
 * With a file its lines are played; expected output in it (from a line "----" to the next blank line) is left out, so a
 * golden can be looked at. Without one, lines come from standard input, at a prompt if that is a terminal.
 */
export async function step(file: string | undefined, protocol: string | undefined, out: Terminal): Promise<ExitCode> {
  const names = protocol === undefined ? protocolNames() : [protocol];
  const session = new ScriptSession(names.map((name) => protocolByName(name).module));
  const steps: StepOutput["steps"][number][] = [];
  const play = (line: string): void => {
    const output = session.execute(line);
    steps.push({ line, output });
    if (output !== "") out.say(output);
  };
  if (file !== undefined) {
    playFile(file, play, out);
    out.result({ steps } satisfies StepOutput);
    return EXIT.ok;
  }
  const failed = await playInput(play, out);
  out.result({ steps } satisfies StepOutput);
  return failed ? EXIT.usage : EXIT.ok;
}

function playFile(file: string, play: (line: string) => void, out: Terminal): void {
  let expected = false;
  for (const [i, line] of readText(file).split(/\r?\n/).entries()) {
    if (line === "----") expected = true;
    if (line === "") expected = false;
    if (expected) continue;
    if (line !== "") out.say(line.startsWith("#") ? line : `> ${line}`);
    try {
      play(line);
    } catch (error) {
      if (error instanceof ScriptError) throw new ScriptError(`${file}:${i + 1}: ${error.message}`);
      throw error;
    }
  }
}

/** At a prompt a mistake is told and the next line is asked for; from a pipe the first one ends it. */
async function playInput(play: (line: string) => void, out: Terminal): Promise<boolean> {
  const interactive = isatty(0);
  const input = createInterface({ input: process.stdin, terminal: interactive, output: process.stderr });
  if (interactive) {
    out.say('Begin with "cluster raft n1 n2 n3"; "help" lists the verbs, the end of input ends it.');
    input.setPrompt("> ");
    input.prompt();
  }
  for await (const line of input) {
    try {
      play(line);
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      process.stderr.write(`synod: ${error.message}\n`);
      if (!interactive) return true;
    }
    if (interactive) input.prompt();
  }
  return false;
}
