/** Bodies of crumbs that are read on in one turn of the event loop. */
const AT_ONCE = 2;

const waiting: (() => void)[] = [];

/**
 * Has a body that came in many crumbs read on when it is its turn. Each crumb costs the same whatever its size, and the system hands
 * over everything that has come on a connection before it looks at another: twenty that send nothing else stood in front of everybody
 * for half a second. A few at a time, others come between them.
 */
export function readInTurn(goOn: () => void): void {
  if (waiting.push(goOn) === 1) setImmediate(letSome);
}

function letSome(): void {
  const some = waiting.splice(0, AT_ONCE);
  if (waiting.length > 0) setImmediate(letSome);
  for (const goOn of some) goOn();
}
