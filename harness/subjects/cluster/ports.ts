/** Ports of this machine that nobody listens on. */
import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/** Below the range from which systems draw the ports of outgoing connections: there one would be taken soon. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const TRIES = 2_000;

/** Given out by this process already. */
const given = new Set<number>();

/**
 * @param count how many
 * @throws Error where too few are free
 */
export async function freePorts(count: number, host = "127.0.0.1"): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < count; tries += 1) {
    if (tries === TRIES) throw new Error(`${TRIES} ports from ${PORT_MIN} to ${PORT_MAX} were tried, and few are free`);
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (given.has(port) || !(await isFree(port, host))) continue;
    given.add(port);
    found.push(port);
  }
  return found;
}

/** They may be given out again. */
export function returnPorts(ports: readonly number[]): void {
  for (const port of ports) given.delete(port);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}
