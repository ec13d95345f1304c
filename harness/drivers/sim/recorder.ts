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
    if (this.on) this.add(time, process, "invoke", request, asked(request.operation));
  }

  /** A compare-and-set that did not swap is a `fail` that carries what it saw. */
  ok(time: number, process: number, request: ClientRequest, result: Result, node: string): void {
    if (!this.on) return;
    const { operation } = request;
    if (result.type === "cas" && !result.swapped) {
      const event = this.add(time, process, "fail", request, asked(operation));
      event.error = "cas";
      event.node = node;
      event.observed = result.observed;
      return;
    }
    this.add(time, process, "ok", request, seen(operation, result)).node = node;
  }

  end(time: number, process: number, request: ClientRequest, type: "fail" | "info", error: string): void {
    if (this.on) this.add(time, process, type, request, asked(request.operation)).error = error;
  }

  /** Written out twice: an object that is copied to add a field costs ten times as much. */
  private add(
    time: number,
    process: number,
    type: HistoryEvent["type"],
    request: ClientRequest,
    value: HistoryValue,
  ): Recorded {
    const { operation, level } = request;
    const { f } = operation;
    const key = keyOf(operation);
    const index = this.events.length;
    const event: Recorded = isRead(operation)
      ? { index, time, process, type, f, key, value, level }
      : { index, time, process, type, f, key, value };
    this.events.push(event);
    return event;
  }
}

/** An event while it is being written. */
type Recorded = { -readonly [field in keyof HistoryEvent]: HistoryEvent[field] };

export function isRead(operation: Operation): boolean {
  return operation.f === "get" || operation.f === "range" || operation.f === "query";
}

/** The key of an operation, or the first of its range; a transaction is about none alone. */
export function keyOf(operation: Operation): string {
  if ("key" in operation) return operation.key;
  return operation.f === "range" ? operation.from : "";
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
