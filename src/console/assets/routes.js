/* Puts in the place of each route's numbers since the start what happened to it in the last half minute. */

const WINDOW = 30;
const answers = [];

follow((now) => {
  if (now === undefined) {
    answers.length = 0;
    return;
  }
  answers.push(now);
  while (answers.length > 2 && answers[1].at <= now.at - WINDOW) answers.shift();
  const [first] = answers;
  const elapsed = now.at - first.at;
  if (elapsed <= 0) return;
  for (const [name, { count, errors, times }] of Object.entries(now.routes)) {
    const former = first.routes[name] ?? { count: 0, errors: 0, times: [] };
    // A process that was started anew counts from nothing.
    if (count < former.count) answers.length = 0;
    const calls = Math.max(0, count - former.count);
    const put = (what, text) => {
      for (const place of document.querySelectorAll(`[data-of="${CSS.escape(name)}"][data-number="${what}"]`)) {
        place.textContent = text;
      }
    };
    put('rate', `${numeral(calls / elapsed)}/s`);
    put('errors', calls === 0 ? '–' : `${numeral((100 * (errors - former.errors)) / calls)} %`);
    for (const [what, part] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ]) {
      const within = quantile(part, times, former.times);
      put(what, within === undefined ? '–' : span(within));
    }
  }
  for (const place of document.querySelectorAll('[data-since]')) {
    place.textContent = `Numbers of the last ${Math.round(elapsed)} seconds`;
  }
});
