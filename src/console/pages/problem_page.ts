import { AdminProblem, type ProblemType } from '../../admin/problem.ts';
import { html } from '../../http/pages/html.ts';
import type { ErrorCode, Failure } from '../../model/failure.ts';
import type { Shown } from './page.ts';
import { facts, note } from './parts/facts.ts';

const PROBLEMS: Readonly<Record<ProblemType, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 422, title: 'This cannot be done' },
  forbidden: { status: 403, title: 'You may not do this' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Somebody was faster' },
  configured: { status: 409, title: 'This stands in the configuration file' },
  not_here: { status: 503, title: 'This cannot be told here' },
};

const FAILURES: Partial<Record<ErrorCode, { readonly status: number; readonly title: string }>> = {
  access_denied: { status: 403, title: 'This form was refused' },
  not_found: PROBLEMS.not_found,
  too_many_attempts: { status: 429, title: 'Too many attempts' },
  temporarily_unavailable: { status: 503, title: 'Try again in a moment' },
  server_error: { status: 500, title: 'Something unexpected happened' },
};

/** A page that says why there is none. */
export function problemPage(problem: AdminProblem | Failure, requestId: string): Shown {
  const isProblem = problem instanceof AdminProblem;
  const said = isProblem ? problem.message : problem.description;
  const { status, title } = isProblem
    ? PROBLEMS[problem.type]
    : (FAILURES[problem.code] ?? { status: 400, title: 'This request cannot be read' });
  const fields = isProblem ? problem.fields : [];
  return {
    title,
    status,
    content: html`${note('bad', html`<p>${said}</p>${fields.length > 0 && html`<ul>${fields.map(({ path, message }) => html`<li>${path}: ${message}</li>`)}</ul>`}`)}
${facts([['Request', html`<code>${requestId}</code>`]])}`,
  };
}
