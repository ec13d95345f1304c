import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../harness/record/history.js";
import { KeyModel, ModelViolation, type Value, type WriteOperation } from "./keyModel.js";

function event(type: HistoryEvent["type"], more: Partial<HistoryEvent> = {}): HistoryEvent {
  return { index: 0, time: 0, process: 1, type, f: "get", key: "k", value: null, ...more };
}

const put = (value: string): WriteOperation => ({ f: "put", key: "k", value });
const append = (value: string): WriteOperation => ({ f: "append", key: "k", value });
const cas = (expected: Value, value: string): WriteOperation => ({ f: "cas", key: "k", expected, value });
const REMOVE: WriteOperation = { f: "delete", key: "k" };
const OK = event("ok");
const INFO = event("info");
const FAIL = event("fail", { error: "timeout" });
const refused = (observed: Value): HistoryEvent => event("fail", { error: "cas", observed });

/** A model after writes that were all acknowledged, one after the other. */
function after(...writes: readonly WriteOperation[]): KeyModel {
  const model = new KeyModel("k");
  for (const [i, write] of writes.entries()) {
    model.askWrite(100 + i, write);
    model.endWrite(100 + i, OK);
  }
  return model;
}

function read(model: KeyModel, value: Value): () => void {
  return () => {
    model.askRead(999);
    model.endRead(999, event("ok", { value }));
  };
}

describe("acknowledged writes", () => {
  test("are read, in their order", () => {
    expect(after(put("x"), append("y"), cas("xy", "z")).possible()).toEqual(["z"]);
    expect(after(put("x"), REMOVE, append("y")).possible()).toEqual(["y"]);
  });

  test("are not lost: an older value is no answer", () => {
    expect(read(after(put("x"), put("y")), "x")).toThrow(ModelViolation);
    expect(read(after(put("x")), null)).toThrow('returns null; now it may hold "x"');
  });

  test("do not happen twice", () => {
    expect(read(after(append("x")), "xx")).toThrow(ModelViolation);
  });

  test("a swap that cannot have met its expectation is not acknowledged", () => {
    const model = after(put("x"));
    model.askWrite(1, cas("y", "z"));
    expect(() => model.endWrite(1, OK)).toThrow("is acknowledged, which is not possible here");
  });
});

describe("concurrent operations", () => {
  test("happen in either order, and a read settles which", () => {
    const model = new KeyModel("k");
    model.askWrite(1, put("x"));
    model.askWrite(2, put("y"));
    model.endWrite(1, OK);
    model.endWrite(2, OK);
    expect(new Set(model.possible())).toEqual(new Set(["x", "y"]));
    read(model, "x")();
    expect(model.possible()).toEqual(["x"]);
    expect(read(model, "y")).toThrow(ModelViolation);
  });

  test("a read under way may return what the key held at any time since it was asked", () => {
    const model = after(put("x"));
    model.askRead(1);
    model.askRead(2);
    model.askWrite(3, put("y"));
    model.endWrite(3, OK);
    model.endRead(1, event("ok", { value: "x" }));
    model.endRead(2, event("ok", { value: "y" }));
    expect(read(model, "x")).toThrow(ModelViolation);
  });

  test("a read that returned a new value forbids the old one to those asked later", () => {
    const model = after(put("x"));
    model.askWrite(1, put("y"));
    read(model, "y")();
    expect(read(model, "x")).toThrow(ModelViolation);
    model.endWrite(1, OK);
    expect(model.possible()).toEqual(["y"]);
  });
});

describe("writes of unknown outcome", () => {
  test("may have happened or not, and may still happen", () => {
    const model = after(put("x"));
    model.askWrite(1, put("y"));
    model.endWrite(1, INFO);
    read(model, "x")();
    expect(model.possible()).toEqual(["x", "y"]);
    read(model, "y")();
    expect(model.possible()).toEqual(["y"]);
  });

  test("happen once", () => {
    const model = after(put("x"));
    model.askWrite(1, append("y"));
    model.endWrite(1, INFO);
    read(model, "xy")();
    expect(read(model, "xyy")).toThrow(ModelViolation);
  });

  test("that certainly failed never happen", () => {
    const model = after(put("x"));
    model.askWrite(1, put("y"));
    model.endWrite(1, FAIL);
    expect(model.possible()).toEqual(["x"]);
    const seen = after(put("x"));
    seen.askWrite(1, put("y"));
    read(seen, "y")();
    expect(() => seen.endWrite(1, FAIL)).toThrow("is said not to have happened and it has");
  });
});

describe("refused swaps", () => {
  test("say what the key held", () => {
    const model = after(put("x"));
    model.askWrite(1, put("y"));
    model.askWrite(2, cas("z", "w"));
    model.endWrite(2, refused("y"));
    expect(model.possible()).toEqual(["y"]);
  });

  test("cannot name what it did not hold, nor what they expected", () => {
    const model = after(put("x"));
    model.askWrite(1, cas("z", "w"));
    expect(() => model.endWrite(1, refused("z"))).toThrow('is refused because of "z"');
    const other = after(put("x"));
    other.askWrite(1, cas("x", "w"));
    expect(() => other.endWrite(1, refused("x"))).toThrow(ModelViolation);
  });
});

describe("reads that may be stale", () => {
  const local = (value: Value): HistoryEvent => event("ok", { value, level: "local" });

  test("return anything the key has held, also between two answers", () => {
    const model = after(put("x"), append("y"), put("z"));
    for (const value of [null, "x", "xy", "z"]) expect(() => model.endStaleRead(local(value))).not.toThrow();
  });

  test("return nothing that nobody wrote", () => {
    expect(() => after(put("x")).endStaleRead(local("yx"))).toThrow('a local read of k returns "yx", which it never');
  });
});
