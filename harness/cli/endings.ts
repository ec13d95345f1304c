/** A run on live clusters that is ended from outside says so: minutes later nobody knows what became of it. */
import { writeSync } from "node:fs";

const WHY = {
  // nohup has the signal ignored, and Node.js takes that back when it starts.
  SIGHUP: "the terminal or shell that this was started from is gone (nohup does not help against it, setsid does)",
  SIGTERM: "somebody asked this to end",
} as const;

/**
 * Until the returned function is called, a signal that ends this process is told on standard error first. Not for work
 * that keeps the event loop waiting: the signal would wait too.
 */
export function sayWhatEnds(): () => void {
  const handlers = (["SIGHUP", "SIGTERM"] as const).map((signal) => {
    const handler = (): void => {
      if (process.listenerCount(signal) > 0) return; // Another run's, which says it.
      // At once: the process ends before anything later would be written.
      tell(`synod: ${signal}: ${WHY[signal]}\n`);
      process.kill(process.pid, signal);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}

function tell(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Nobody is left to read it.
  }
}
