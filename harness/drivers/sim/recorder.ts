/** The client history of a run. */
import type { HistoryEvent, HistoryValue } from "../../record/history.js";
import type { ClientRequest, Operation, Result } from "../../host/index.js";

export class Recorder {
  readonly events: HistoryEvent[] = [];
  private readonly on: boolean;

  constructor(on: boolean) {
    this.on = on;
  }

  invoke(time: number, process: number, request: ClientRequest): void {
    if (!this.on) return;
    const { operation } = request;
    const event = {
      index: this.events.length,
      time,
      process,
      type: "invoke" as const,
      f: operation.f,
      key: keyOf(operation),
      value: asked(operation),
    };
    this.events.push(isRead(operation) ? { ...event, level: request.level } : event);
  }

  /** A compare-and-set that did not swap is a `fail` that carries what it saw. */
  ok(time: number, process: number, request: ClientRequest, result: Result, node: string): void {
    if (!this.on) return;
    const { operation } = request;
    const event = { index: this.events.length, time, process, f: operation.f, key: keyOf(operation), node };
    if (result.type === "cas" && !result.swapped) {
      this.events.push({ ...event, type: "fail", value: asked(operation), error: "cas", observed: result.observed });
      return;
    }
    const value = seen(operation, result);
    if (isRead(operation)) this.events.push({ ...event, type: "ok", value, level: request.level });
    else this.events.push({ ...event, type: "ok", value });
  }

  end(time: number, process: number, request: ClientRequest, type: "fail" | "info", error: string): void {
    if (!this.on) return;
    const { operation } = request;
    const event = {
      index: this.events.length,
      time,
      process,
      type,
      f: operation.f,
      key: keyOf(operation),
      value: asked(operation),
      error,
    };
    this.events.push(isRead(operation) ? { ...event, level: request.level } : event);
  }
}

export function isRead(operation: Operation): boolean {
  return operation.f === "get" || operation.f === "range";
}

function keyOf(operation: Operation): string {
  return operation.f === "range" ? operation.from : operation.key;
}

function asked(operation: Operation): HistoryValue {
  switch (operation.f) {
    case "put":
    case "append":
      return operation.value;
    case "cas":
      return [operation.expected, operation.value];
    case "range":
      return operation.to;
    default:
      return null;
  }
}

function seen(operation: Operation, result: Result): HistoryValue {
  if (result.type === "value") return result.value;
  if (result.type === "range") return result.pairs;
  return asked(operation);
}
