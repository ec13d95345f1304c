import { expect, test } from "vitest";
import { Fifo } from "../../harness/drivers/sim/fifo.js";
import { Random } from "../../harness/drivers/sim/random.js";

test("a ring that grows gives everything back in the order it came, as a plain array does", () => {
  const random = new Random(1, "fifo");
  const fifo = new Fifo<number>();
  const model: number[] = [];
  for (let i = 0; i < 5_000; i += 1) {
    if (model.length > 0 && random.chance(0.48)) expect(fifo.shift()).toBe(model.shift());
    else {
      fifo.push(i);
      model.push(i);
    }
    expect(fifo.length).toBe(model.length);
    if (model.length > 0) expect(fifo.at(model.length - 1)).toBe(model.at(-1));
  }
  expect(model.length).toBeGreaterThan(16);
  expect(fifo.slice(2, 9)).toEqual(model.slice(2, 9));
  fifo.clear();
  expect(fifo.length).toBe(0);
});
