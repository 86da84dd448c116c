import { html } from '../../http/pages/html.ts';
import type { WireResponse } from '../../model/wire.ts';
import { type ApiProblemType, PROBLEMS, problemHeaders, type ToldProblem } from './problems.ts';

const PREFIX = '/problems/';
const HEADERS = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"],
  ['Referrer-Policy', 'no-referrer'],
] as const;

/** The page that the type of a problem leads to; undefined if there is no such type. */
export function problemPage(path: string): WireResponse | undefined {
  const name = path.slice(PREFIX.length);
  if (!path.startsWith(PREFIX) || !isType(name)) return undefined;
  const { status, title, explains } = PROBLEMS[name];
  return {
    status: 200,
    headers: HEADERS,
    body: page(title, [explains, `As an answer of the admin API it has the status ${status} and the type ${path}.`]),
  };
}

/** A problem for somebody who asked for a page. */
export function shownProblem(problem: ToldProblem, requestId: string): WireResponse {
  const { status, title } = PROBLEMS[problem.type];
  return {
    status,
    headers: [...HEADERS, ...problemHeaders(problem)],
    body: page(title, [problem.detail, `Request ${requestId}`]),
  };
}

const page = (title: string, lines: readonly string[]): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Gatehouse</title>
</head>
<body>
<main>
<h1>${title}</h1>
${lines.map((line) => html`<p>${line}</p>`)}
</main>
</body>
</html>
`.toString();

const isType = (name: string): name is ApiProblemType => Object.hasOwn(PROBLEMS, name);
