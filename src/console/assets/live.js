/*
 * Asks for newer numbers again and again, for pages that have a place for it (#live): nothing while nobody looks, and less often while
 * nobody answers. What a page draws of them is its own.
 */

/** How often the page wants to ask. */
const EVERY = Number(document.getElementById('live')?.dataset.every ?? 2_000);
const LONGEST_WAIT = 30_000;
/** Seconds between two answers: what happened in a longer time is not spread over it. */
const LONGEST_STEP = (3.5 * EVERY) / 1_000;

/**
 * Calls `seen` with each answer, and with undefined when there is none: then what was before says nothing of what comes after.
 * @param {(numbers: object | undefined) => void} seen
 */
// biome-ignore lint/correctness/noUnusedVariables: for the scripts after this one
function follow(seen) {
  const place = document.getElementById('live');
  const status = grow(place, 'p', { role: 'status' });
  const button = grow(place, 'button', { type: 'button', className: 'plain' });
  let isPaused = false;
  let failures = 0;
  let timer;
  let asking;

  function say(state, text) {
    if (place.dataset.state === state) return;
    place.dataset.state = state;
    status.textContent = text;
    button.textContent = isPaused ? 'Go on' : 'Pause';
  }

  async function ask() {
    const mine = new AbortController();
    asking = mine;
    try {
      const answer = await fetch(place.dataset.source, {
        redirect: 'manual',
        cache: 'no-store',
        signal: AbortSignal.any([mine.signal, AbortSignal.timeout(10_000)]),
      });
      if (answer.type === 'opaqueredirect' || answer.status === 401) return signedOut();
      if (!answer.ok) throw new Error(String(answer.status));
      const numbers = await answer.json();
      if (asking !== mine) return;
      failures = 0;
      seen(numbers);
      say('live', 'Live');
    } catch {
      if (asking !== mine) return;
      failures += 1;
      seen(undefined);
      say('away', 'No answer: trying again');
    }
    timer = setTimeout(ask, Math.min(EVERY * 2 ** Math.max(0, failures - 1), LONGEST_WAIT));
  }

  function signedOut() {
    stop();
    seen(undefined);
    say('over', 'Your sign-in is over.');
    button.replaceWith(grow(undefined, 'a', { href: '/sign-in', textContent: 'Sign in', className: 'button plain' }));
    document.removeEventListener('visibilitychange', look);
  }

  function stop() {
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
  }

  function look() {
    stop();
    if (isPaused || document.hidden) {
      seen(undefined);
      say('paused', 'Paused');
    } else void ask();
  }

  button.addEventListener('click', () => {
    isPaused = !isPaused;
    look();
  });
  document.addEventListener('visibilitychange', look);
  // A page that comes back from the history goes on.
  addEventListener('pageshow', ({ persisted }) => persisted && look());
  look();
}

/** How much a total grew each second; undefined over a gap, and where it began anew. */
// biome-ignore lint/correctness/noUnusedVariables: for the scripts after this one
function rateOf(total, before, elapsed) {
  if (before === undefined || elapsed <= 0 || elapsed > LONGEST_STEP || total < before) return undefined;
  return (total - before) / elapsed;
}

/** As `quantile` in figures.ts, of the calls between two answers. */
// biome-ignore lint/correctness/noUnusedVariables: for the scripts after this one
function quantile(share, times, before = []) {
  const counts = times.map(([within, count], index) => [within, count - (before[index]?.[1] ?? 0)]);
  const all = counts.at(-1)?.[1] ?? 0;
  if (all <= 0 || counts.some(([, count]) => count < 0)) return undefined;
  let [lower, below] = [0, 0];
  for (const [within, count] of counts) {
    if (count >= share * all) {
      return within === null ? lower : lower + ((within - lower) * (share * all - below)) / (count - below || 1);
    }
    [lower, below] = [within ?? lower, count];
  }
  return lower;
}

/** Makes an element, with text as text. */
function grow(parent, name, { textContent, className, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  if (className) made.className = className;
  if (textContent !== undefined) made.textContent = textContent;
  made.append(...children);
  parent?.append(made);
  return made;
}

const NUMBER = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 2 });
const TENTHS = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
const WHOLE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
// biome-ignore lint/correctness/noUnusedVariables: for the scripts after this one
const numeral = (value) => (value >= 100 ? WHOLE : value >= 10 ? TENTHS : NUMBER).format(value);
// biome-ignore lint/correctness/noUnusedVariables: for the scripts after this one
const span = (seconds) =>
  seconds >= 1 ? `${NUMBER.format(seconds)} s` : `${Number((seconds * 1_000).toPrecision(2))} ms`;
