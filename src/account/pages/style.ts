import { hash } from 'node:crypto';
import { STYLE } from '../../http/pages/style.ts';

/** That of the sign-in pages, made wider. Tables become cards where there is no room for columns. */
export const ACCOUNT_STYLE = `${STYLE}
body { justify-content: flex-start; gap: 0; padding: 0 0 2.5rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; padding: .75rem; }
.top { width: 100%; background: var(--card); border-bottom: 1px solid var(--line); }
.top > div { max-width: 64rem; margin: 0 auto; padding: .75rem 1.25rem 0; }
.who { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; }
.who .mark { width: 1.75rem; height: 1.75rem; margin: 0; }
.who .site { font-weight: 650; font-size: 1.0625rem; color: var(--text); text-decoration: none; }
.who .me { margin: 0 0 0 auto; font-size: .875rem; color: var(--quiet); min-width: 0; }
nav ul { display: flex; gap: .25rem; margin: .375rem -.75rem 0; border: 0; border-radius: 0; overflow-x: auto; background: none; }
nav li { padding: 0; background: none; white-space: nowrap; }
nav li + li { border: 0; }
nav a { display: block; padding: .625rem .75rem; border-bottom: 3px solid transparent; color: var(--quiet); text-decoration: none; font-size: .9375rem; }
nav a:hover { color: var(--text); }
nav a[aria-current] { color: var(--text); border-bottom-color: var(--accent); font-weight: 600; }
main { max-width: 64rem; margin: 0; padding: 2rem 1.25rem; background: none; border: 0; border-radius: 0; box-shadow: none; }
main > h1 { font-size: 1.625rem; }
main > p.lead { margin-top: .375rem; max-width: 42rem; color: var(--quiet); }
section { margin-top: 2rem; }
section > h2, fieldset > h2 { margin: 0 0 .25rem; font-size: 1.0625rem; font-weight: 650; color: var(--text); }
section > h2 + p { margin: 0 0 .75rem; color: var(--quiet); font-size: .9375rem; max-width: 42rem; }
.card { margin-top: 1.25rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; }
.card > :first-child { margin-top: 0; }
.card h2 { margin: 0; font-size: 1.0625rem; font-weight: 650; color: var(--text); }
.cards { margin-top: 1.5rem; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); }
.cards .card { margin: 0; display: flex; flex-direction: column; gap: .25rem; }
.cards .card p { margin: 0; color: var(--quiet); font-size: .9375rem; flex: 1; }
.cards .card a { margin-top: .5rem; }
table { width: 100%; margin-top: .75rem; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; font-size: .9375rem; }
th { padding: .625rem 1rem; text-align: left; font-size: .8125rem; font-weight: 600; color: var(--quiet); white-space: nowrap; }
td { padding: .875rem 1rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td p { margin: 0; }
td:first-child { font-weight: 500; }
td:first-child p { font-weight: 400; }
td.do { text-align: right; width: 12rem; }
th:last-child { text-align: right; }
.address { white-space: nowrap; }
time { white-space: nowrap; }
.scopes { display: flex; flex-wrap: wrap; gap: .25rem; }
.scopes code, .tag { padding: .125rem .5rem; border-radius: 1rem; background: var(--tint); font-size: .8125rem; overflow-wrap: anywhere; }
.tag { font-weight: 600; color: var(--accent); white-space: nowrap; }
.empty { margin-top: .75rem; padding: 1.5rem; border: 1px dashed var(--edge); border-radius: .875rem; color: var(--quiet); text-align: center; }
.notice { margin: 0 0 1.5rem; padding: .75rem 1rem; border-left: 4px solid var(--accent); border-radius: .25rem .5rem .5rem .25rem; background: var(--tint); font-weight: 500; }
.notice p { margin: 0; }
main > .problem { margin: 0 0 1.5rem; }
.problem ul { margin: .25rem 0 0; border: 0; border-radius: 0; background: none; }
.problem li { display: block; padding: .125rem 0; background: none; border: 0; }
.problem a { color: inherit; }
.wrong { margin: .375rem 0 0; font-size: .875rem; font-weight: 500; color: var(--bad); }
.hint { margin: .375rem 0 0; font-size: .875rem; color: var(--quiet); }
.narrow { max-width: 32rem; }
.narrow .fields button { width: auto; justify-self: start; margin: 0; }
.narrow > .fields { padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; }
.narrow .row { margin-top: .5rem; }
fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; margin-bottom: .375rem; font-size: .875rem; font-weight: 600; }
.tick { display: flex; align-items: baseline; gap: .625rem; margin: 0; padding: .375rem 0; font-weight: 400; font-size: 1rem; }
.tick input { flex: none; width: 1.25rem; min-height: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--accent); align-self: center; }
select { width: 100%; min-height: 3rem; padding: .625rem .875rem; border: 1px solid var(--edge); border-radius: .625rem; background: var(--field); color: inherit; font: inherit; }
a.button { display: inline-flex; align-items: center; min-height: 2.75rem; padding: .5rem 1.125rem; border-radius: .625rem; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
a.button:hover { background: var(--accent-strong); color: var(--on-accent); }
button.bad { background: transparent; border-color: var(--bad); color: var(--bad); }
button.bad:hover { background: var(--bad-tint); border-color: var(--bad); }
td button, .who button { min-height: 2.25rem; padding: .25rem .875rem; font-size: .875rem; }
.row { margin-top: 1.25rem; display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: center; }
.row > * { margin: 0; }
details summary { display: inline-flex; align-items: center; min-height: 2.25rem; padding: .25rem .875rem; border: 1px solid var(--edge); border-radius: .625rem; font-size: .875rem; font-weight: 600; white-space: nowrap; cursor: pointer; list-style: none; }
details summary::-webkit-details-marker { display: none; }
details summary:hover { background: var(--tint); }
details[open] summary { border-color: transparent; color: var(--quiet); }
details form { margin-top: .5rem; display: grid; gap: .625rem; text-align: left; font-weight: 400; font-size: .875rem; }
details form p { margin: 0; }
.secret { display: block; margin-top: 1rem; padding: .875rem 1rem; border: 1px solid var(--edge); border-radius: .625rem; background: var(--field); font-size: .9375rem; overflow-wrap: anywhere; user-select: all; }
pre { margin: .75rem 0 0; padding: .875rem 1rem; border-radius: .625rem; background: var(--tint); font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
dl.facts { margin: 0; padding: 0; border: 0; display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; font-size: .9375rem; color: var(--text); }
dl.facts dt { float: none; margin: 0; color: var(--quiet); }
footer { margin-top: auto; padding-top: 1rem; }
@media (max-width: 44rem) {
  body { justify-content: flex-start; padding: 0 0 2rem; }
  main { padding: 1.5rem 1rem; }
  .top > div { padding: .625rem 1rem 0; }
  .who .me { order: 1; width: 100%; margin: 0; }
  .who form { margin-left: auto; }
  nav ul { flex-wrap: wrap; gap: 0 .25rem; overflow: visible; }
  nav a { padding: .5rem .75rem; }
  .narrow > .fields { padding: 1.25rem 1rem; }
  th:last-child { text-align: left; }
  table, tbody, tr, td { display: block; }
  table { border: 0; background: none; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { margin-top: .75rem; padding: .5rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; }
  td { padding: .375rem 1rem; border: 0; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: .8125rem; font-weight: 400; color: var(--quiet); }
  td.do { width: auto; text-align: left; padding-bottom: .625rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .625rem; }
}
`;

export const ACCOUNT_STYLE_SOURCE = `'sha256-${hash('sha256', ACCOUNT_STYLE, 'base64')}'`;
