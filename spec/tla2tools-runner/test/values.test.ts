import { describe, expect, test } from "vitest";
import { FrameParser, parseValue, type Frame } from "../src/index.js";
import { readCounterexample } from "../src/counterexample.js";

describe("TLA+ values", () => {
  test.each<[string, unknown]>([
    ["-12", -12],
    ["TRUE", true],
    ['"a\\"b\\n"', 'a"b\n'],
    ["<<>>", []],
    ["<<1, <<2>>>>", [1, [2]]],
    ["{}", { set: [] }],
    ["{1, {2}}", { set: [1, { set: [2] }] }],
    ["1..3", { set: [1, 2, 3] }],
    ["n1", { model: "n1" }],
    ["[a |-> 1, b |-> [c |-> {}]]", { record: { a: 1, b: { record: { c: { set: [] } } } } }],
    [
      "(n1 :> 0 @@ n2 :> <<1>>)",
      {
        function: [
          [{ model: "n1" }, 0],
          [{ model: "n2" }, [1]],
        ],
      },
    ],
    ["[a |->\n  1,\n  b |-> 2]", { record: { a: 1, b: 2 } }],
    ["[x \\in {1} |-> x]", { text: "[x \\in {1} |-> x]" }],
    ["<<1, ", { text: "<<1," }],
  ])("%s", (text, value) => expect(parseValue(text)).toEqual(value));
});

describe("frames", () => {
  function feed(pieces: readonly string[]): { frames: Frame[]; lines: string[] } {
    const frames: Frame[] = [];
    const lines: string[] = [];
    const parser = new FrameParser({ frame: (frame) => frames.push(frame), line: (line) => lines.push(line) });
    for (const piece of pieces) parser.feed(piece);
    parser.end();
    return { frames, lines };
  }
  const text =
    'noise\n@!@!@STARTMSG 2193:0 @!@!@\nModel checking completed.\nTwo lines.\n@!@!@ENDMSG 2193 @!@!@\n<<"printed">>\n';

  test("are the same in whatever pieces they arrive", () => {
    const whole = feed([text]);
    expect(whole.frames).toEqual([{ code: 2193, severity: 0, text: "Model checking completed.\nTwo lines." }]);
    expect(whole.lines).toEqual(["noise", '<<"printed">>']);
    for (let cut = 1; cut < text.length; cut += 1) expect(feed([text.slice(0, cut), text.slice(cut)])).toEqual(whole);
  });

  test("a frame that a killed TLC left open is still told", () => {
    expect(feed(["@!@!@STARTMSG 2110:1 @!@!@\nInvariant X is violated.\n"]).frames).toHaveLength(1);
  });

  test("a lasso says where it goes back to", () => {
    const states = ["1: <Initial predicate>\nx = 0", "2: <Tick line 4, col 1 to line 4, col 9 of module M>\nx = 1"];
    const frames = [
      ...states.map((state) => ({ code: 2217, severity: 4, text: state })),
      { code: 2122, severity: 4, text: "1: Back to state" },
    ];
    const counterexample = readCounterexample(frames);
    expect(counterexample.loop).toBe(1);
    expect(counterexample.states.map(({ action, variables }) => ({ action, variables }))).toEqual([
      { action: "Initial predicate", variables: { x: 0 } },
      { action: "Tick", variables: { x: 1 } },
    ]);
  });
});
