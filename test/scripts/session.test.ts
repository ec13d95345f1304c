/** The script driver itself: what it refuses, what it compares, and the verbs that no golden shows. */
import { describe, expect, test } from "vitest";
import { runScript, ScriptError, ScriptSession } from "../../harness/drivers/script/index.js";
import { type AnyModule, anyModule } from "../../protocols/core/index.js";
import { raft } from "../../protocols/raft/index.js";
import { PROTOCOLS } from "../suites/protocols.js";

const module = anyModule(raft);

function session(...lines: readonly string[]): ScriptSession {
  const played = new ScriptSession([module]);
  for (const line of ["cluster n1 n2 n3", "start", ...lines]) played.execute(line);
  return played;
}

describe("a line that cannot be played says why in one line:", () => {
  test.each([
    ["frobnicate n1", 'unknown verb "frobnicate"; "help" lists them'],
    ["crash n4", 'there is no node "n4" in this cluster'],
    ["crash", "too few words: crash NODE … [keep=N]"],
    ["crash n1 keep=-1", 'keep must be a whole number from 0, found "-1"'],
    ["crash n1 speed=3", 'crash has no setting "speed" (it has: keep)'],
    ["start n1", "n1 is running already"],
    ["heal now", 'unexpected "now": heal   ends all cuts and partitions'],
    ["timeout n1 lunch", 'n1 has no timer "lunch" running (it has: election)'],
    ["deliver from=n1 to=n2", "no such message on its way (there are: none)"],
    ["deliver some", '"all" or nothing expected, found "some"'],
    ["deliver all nth=2", '"all" and nth exclude each other'],
    ["sync n1", "n1 has no unsynced write"],
    ["snapshot n1", "n1 is not saving a snapshot"],
    ["propose n1 put x", "put KEY VALUE, delete KEY"],
    ["propose n1 put x 1 seq=2", "seq needs client"],
    ["propose n1 put x 1 ; put y 2 client=3", "a client has one outstanding operation"],
    ["propose n1 put x 1 client=0", 'client must be a whole number from 1, found "0"'],
    ["read n1 get x sometimes", 'a level is linearizable, sync, local, found "sometimes"'],
    ["read n1 look x", "get KEY [LEVEL] or range"],
    ["run", "run until=leader, until=joined or until=NODE expected"],
    ["partition n1 n2 n3", "two groups expected"],
    ["settle beats=1 without=n1", "beats wait for every node"],
    ["quiet maybe", 'quiet on or off expected, found "maybe"'],
    ["cluster zab n1", 'a node such as n1 expected, found "zab"'],
    ["cluster n1 n1", "two members have the same id"],
    ["cluster learner n1", "there is no voter"],
    ["cluster n1 n2 n3 n4 electionQuorum=2 replicationQuorum=2", "they can miss each other"],
    ["cluster n1 preVotes=true", 'raft has no option "preVotes" (it has: '],
    ["cluster n1 preVote=yes", 'preVote is true or false, found "yes"'],
    ["cluster n1 heartbeatIntervalMs=soon", 'heartbeatIntervalMs is a number, found "soon"'],
    ["cluster n1 heartbeatIntervalMs=0", "heartbeatIntervalMs must be above 0"],
    ["cluster n1 timing=slow", 'timing is matched or native, found "slow"'],
  ])("%s", (line, message) => {
    const played = session();
    let error: unknown = null;
    try {
      played.execute(line);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ScriptError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain("\n");
  });

  test("a verb before there is a cluster", () => {
    expect(() => new ScriptSession([module]).execute("start")).toThrow('begin with "cluster n1 n2 n3"');
  });

  test("a cluster without its protocol, where there are several", () => {
    const several = new ScriptSession(PROTOCOLS);
    expect(() => several.execute("cluster n1 n2")).toThrow("cluster needs a protocol first (raft, multipaxos, zab)");
    expect(several.execute("cluster zab n1")).toBe("");
  });
});

describe("what a crash takes", () => {
  const vote = ["timeout n1 election", "deliver to=n2", "deliver to=n3", "deliver to=n1"];

  test("unsynced writes and the messages they hold back, and says so", () => {
    const played = session(...vote);
    expect(played.execute("pending n1")).toContain("n1 held #1 n1->n2 RequestVote");
    expect(played.execute("crash n1")).toBe("n1 lost 1 unsynced write(s), 2 held message(s)");
    expect(played.execute("disk n1")).toBe("n1 no hard state");
    expect(played.execute("restart n1")).toContain("n1 restarts, incarnation 2");
    expect(played.execute("status n1")).toContain("round=0");
  });

  test("all but the oldest writes that are kept", () => {
    const played = session(...vote);
    expect(played.execute("crash n1 keep=1")).toBe("n1 lost 0 unsynced write(s), 2 held message(s)");
    played.execute("restart n1");
    expect(played.execute("status n1")).toContain("round=1");
  });

  test("nothing that was synced", () => {
    const played = session(...vote, "sync n1");
    expect(played.execute("crash n1")).toBe("n1 lost 0 unsynced write(s), 0 held message(s)");
    expect(played.execute("disk n1")).toContain('"currentTerm":1');
  });
});

describe("verbs", () => {
  test("sync auto completes every write at once", () => {
    const played = session("sync auto", "elect n1", "propose n1 put x 1");
    expect(played.execute("pending")).toBe("");
    played.execute("sync manual");
    played.execute("propose n1 put x 2");
    expect(played.execute("pending n1")).toContain("n1 write #");
  });

  test("drop and duplicate change what is on its way", () => {
    const played = session("timeout n1 election");
    expect(played.execute("messages").split("\n")).toHaveLength(2);
    expect(played.execute("duplicate to=n2")).toContain("(again)");
    expect(played.execute("messages to=n2").split("\n")).toHaveLength(2);
    expect(played.execute("drop all to=n2")).toContain("(dropped)");
    expect(played.execute("messages to=n2")).toBe("(none)");
    expect(played.execute("messages type=RequestPreVote").split("\n")).toHaveLength(1);
  });

  test("a cut loses one way only, until heal", () => {
    const played = session("cut n1 n2", "timeout n1 election");
    expect(played.execute("messages")).not.toContain("n1->n2");
    expect(played.execute("messages")).toContain("n1->n3");
    played.execute("heal");
    played.execute("timeout n1 election");
    expect(played.execute("messages")).toContain("n1->n2");
  });

  test("a message to a node that is down is lost", () => {
    const played = session("timeout n1 election", "crash n2");
    expect(played.execute("deliver to=n2")).toContain("(lost: n2 is down)");
  });

  test("timers are shown, tick fires the one due first, wait moves time alone", () => {
    const played = session();
    expect(played.execute("timers n1")).toBe("n1 election");
    expect(played.execute("wait 10")).toBe("");
    expect(played.execute("tick n2")).toContain("n2 timeout election");
  });

  test("run says what it reached", () => {
    const played = session();
    expect(played.execute("run until=leader").split("\n").at(-1)).toBe("n1 leads");
    expect(played.execute("run until=joined").split("\n").at(-1)).toBe("n1 leads");
    expect(session("crash n1 n2").execute("run until=leader").split("\n").at(-1)).toBe("not reached: nobody leads");
  });

  test("trace shows actions, and only while it is on", () => {
    expect(session().execute("timeout n1 election")).not.toContain("* ");
    expect(session("trace on").execute("timeout n1 election")).toContain("* TimeoutPreVote(n1)");
  });

  test("a snapshot carries a new learner over what the log no longer has", () => {
    const played = new ScriptSession([module]);
    const quiet = [
      "quiet on",
      "cluster n1 n2 n3 snapshotEveryEntries=3 snapshotKeepEntries=0",
      "start n1 n2",
      "elect n1",
    ];
    for (const line of quiet) played.execute(line);
    for (let i = 1; i <= 6; i += 1) played.execute(`propose n1 append x ${i}`);
    played.execute("settle beats=3");
    played.execute("start n3");
    played.execute("quiet off");
    expect(played.execute("run until=joined")).toContain("install the snapshot to ");
    played.execute("settle beats=3");
    expect(played.execute("values")).toBe("n1 x=123456\nn2 x=123456\nn3 x=123456");
  });

  test("help lists every verb once", () => {
    const verbs = new ScriptSession([module])
      .execute("help")
      .split("\n")
      .map((line) => line.split(/[ |]/)[0]);
    expect(new Set(verbs).size).toBe(verbs.length);
    for (const verb of ["cluster", "deliver", "crash", "propose", "settle", "quiet"]) expect(verbs).toContain(verb);
  });

  test("comments and blank lines show nothing", () => {
    expect(session().execute("# a remark")).toBe("");
    expect(session().execute("  ")).toBe("");
  });
});

describe("runScript", () => {
  const play = (text: string, protocol: AnyModule = module) => runScript(text, { module: protocol, file: "f.txt" });
  const text = "# claim\ncluster n1\n----\n\nstart\nstatus\n----\nn1 wrong\n\nvalues\n----\nn1 (empty)\n";

  test("gives every mismatch its place, and the whole file with the actual output", () => {
    const { output, mismatches, cases } = play(text);
    expect(cases).toBe(3);
    expect(mismatches).toEqual([
      {
        line: 7,
        command: "start\nstatus",
        expected: "n1 wrong",
        actual: "n1 starts\nn1 follower phase=Follower round=0 leader=none commit=0 last=0",
      },
    ]);
    expect(output).toContain("# claim\ncluster n1\n----\n\nstart\nstatus\n----\nn1 starts\nn1 follower");
    // What was written back is in order.
    expect(play(output)).toEqual({ output, mismatches: [], cases: 3 });
  });

  test.each([
    ["an unknown verb", "cluster n1\n----\n\nfly\n----\n", 'f.txt:4: unknown verb "fly"'],
    ["a case without its output", "cluster n1\n", 'f.txt:1: "----" and its output are missing'],
    ["output without a case", "# nothing\n----\n", 'f.txt:2: "----" without a line to play before it'],
  ])("%s ends with file and line", (_what, script, message) => {
    expect(() => play(script)).toThrow(ScriptError);
    expect(() => play(script)).toThrow(message);
  });

  test("a bug of a core is reported with file and line", () => {
    const broken: AnyModule = {
      ...module,
      step: (state, input, nowMs) => [
        ...module.step(state, input, nowMs),
        { type: "apply", entry: { kind: "noop", index: 9, round: 1 } },
      ],
    };
    expect(() => play("cluster n1\nstart\n----\n", broken)).toThrow("f.txt:2: start: entry 9 applied after 0");
  });

  test("a broken invariant is shown in quiet mode too", () => {
    const broken: AnyModule = { ...module, invariants: [{ name: "planted", check: () => "here" }] };
    const { mismatches } = play("quiet on\ncluster n1\nstart\n----\n", broken);
    expect(mismatches[0]?.actual).toBe("  BROKEN planted: here");
  });
});
