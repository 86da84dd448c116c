import { DependencyUnavailable } from '../model/failure.ts';
import type { Milliseconds } from '../model/units.ts';
import { type Session, within } from './ldap_session.ts';

/** Sessions with one server for one purpose, each used by one caller at a time, no more than `size` of them. */
export interface Pool {
  /** @throws DependencyUnavailable, also when `deadline` comes first. Then the session is closed, not used again. */
  use<T>(work: (session: Session) => Promise<T>, deadline: AbortSignal): Promise<T>;
}

export interface PoolSettings {
  readonly open: (deadline: AbortSignal) => Promise<Session>;
  readonly size: number;
  /** How long a session may be unused. */
  readonly idle: Milliseconds;
}

/** More callers than that are refused at once: they would only wait for their deadline. */
const WAITING = 200;

export function createPool({ open, size, idle }: PoolSettings): Pool {
  /** Most recently used last. */
  const resting: { readonly session: Session; readonly timer: NodeJS.Timeout }[] = [];
  const queue = new Set<() => void>();
  let busy = 0;

  async function use<T>(work: (session: Session) => Promise<T>, deadline: AbortSignal): Promise<T> {
    await enter(deadline);
    try {
      const rested = wake();
      if (rested) {
        try {
          return await run(rested, work, deadline);
        } catch (error) {
          // A rested session may have died without a sign, as behind a firewall; so may the others. One fresh try tells.
          if (!(error instanceof DependencyUnavailable) || deadline.aborted) throw error;
          for (let other = wake(); other; other = wake()) other.close();
        }
      }
      return await run(await open(deadline), work, deadline);
    } finally {
      leave();
    }
  }

  async function run<T>(session: Session, work: (session: Session) => Promise<T>, deadline: AbortSignal): Promise<T> {
    try {
      const result = await within(deadline, session, () => work(session));
      rest(session);
      return result;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  async function enter(deadline: AbortSignal): Promise<void> {
    if (deadline.aborted) throw tooLate();
    if (busy < size) {
      busy++;
      return;
    }
    if (queue.size >= WAITING) throw new DependencyUnavailable('ldap', 'too many sign-ins are waiting');
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        queue.delete(next);
        reject(tooLate());
      };
      // Whoever leaves hands its place over, so `busy` stays as it is.
      const next = () => {
        deadline.removeEventListener('abort', giveUp);
        resolve();
      };
      queue.add(next);
      deadline.addEventListener('abort', giveUp, { once: true });
    });
  }

  function leave(): void {
    const [next] = queue;
    if (!next) {
      busy--;
      return;
    }
    queue.delete(next);
    next();
  }

  function wake(): Session | undefined {
    for (let last = resting.pop(); last; last = resting.pop()) {
      clearTimeout(last.timer);
      last.session.idle(false);
      if (last.session.usable) return last.session;
    }
    return undefined;
  }

  function rest(session: Session): void {
    if (!session.usable) return;
    session.idle(true);
    const timer = setTimeout(() => {
      resting.splice(resting.indexOf(entry), 1);
      session.close();
    }, idle).unref();
    const entry = { session, timer };
    resting.push(entry);
  }

  return { use };
}

const tooLate = () => new DependencyUnavailable('ldap', 'no answer in time');
