/** So many parts have to pass one by one. */
const PARTS = 10;

/**
 * Calls `late` after `withinMs` in which this process ran. One that stood still (a machine that has much else to do, a
 * pause) has waited for nobody: what came meanwhile is read before the next part is over.
 *
 * @returns takes it back
 */
export function patience(withinMs: number, late: () => void): () => void {
  let left = PARTS;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    late();
  }, withinMs / PARTS);
  return () => clearInterval(timer);
}
