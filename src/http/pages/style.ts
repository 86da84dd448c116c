import { hash } from 'node:crypto';
import { PALETTE } from './palette.ts';

/** The one style sheet of all pages here, inline so that a page is a single answer. */
export const STYLE = `
${PALETTE}* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  gap: 1.5rem;
  padding: 2rem 1rem;
  background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent) var(--page) no-repeat;
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  width: 100%;
  max-width: 26rem;
  padding: 2.25rem 2rem 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 32px -12px rgb(0 0 0 / 18%);
}
.mark { display: block; width: 2.75rem; height: 2.75rem; margin: 0 0 1.25rem; color: var(--accent); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; text-wrap: balance; }
h2 { margin: 1.5rem 0 .5rem; font-size: .875rem; font-weight: 600; color: var(--quiet); }
p { margin: .5rem 0 0; overflow-wrap: anywhere; text-wrap: pretty; }
.problem + p, .small { margin-top: 1rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
strong { font-weight: 600; color: var(--text); }
.problem {
  margin: 1.5rem 0 0;
  padding: .75rem 1rem;
  border-left: 4px solid var(--bad);
  border-radius: .25rem .5rem .5rem .25rem;
  background: var(--bad-tint);
  color: var(--bad);
  font-weight: 500;
}
.problem p { margin: 0; }
form { margin: 0; }
.fields { margin-top: 1.5rem; display: grid; gap: 1rem; }
label { display: block; margin-bottom: .375rem; font-size: .875rem; font-weight: 600; }
input {
  width: 100%;
  min-height: 3rem;
  padding: .625rem .875rem;
  border: 1px solid var(--edge);
  border-radius: .625rem;
  background: var(--field);
  color: inherit;
  font: inherit;
}
input[aria-invalid] { border-color: var(--bad); }
button {
  min-height: 3rem;
  padding: .625rem 1.25rem;
  border: 1px solid var(--accent);
  border-radius: .625rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
button.plain { background: transparent; border-color: var(--edge); color: var(--text); }
button.plain:hover { background: var(--tint); }
button.link {
  min-height: 1.5rem;
  padding: 0;
  border: 0;
  border-radius: .25rem;
  background: none;
  color: var(--accent);
  font-weight: 500;
  text-decoration: underline;
  text-underline-offset: .15em;
}
button.link:hover { color: var(--accent-strong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.fields button { margin-top: .5rem; width: 100%; }
.fields button.plain { margin-top: 0; overflow-wrap: anywhere; }
a { color: var(--accent); font-weight: 500; text-underline-offset: .15em; }
a:hover { color: var(--accent-strong); }
.aside { margin-top: 1.25rem; display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .5rem 1rem; font-size: .875rem; }
.or { margin-top: 1.25rem; display: flex; align-items: center; gap: 1rem; color: var(--quiet); font-size: .875rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.or + .fields { margin-top: 1.25rem; }
.choices { margin-top: 1.75rem; display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.person {
  margin-top: 1.5rem;
  padding: .75rem 1rem;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: .25rem 1rem;
  border: 1px solid var(--line);
  border-radius: .625rem;
  font-size: .875rem;
  overflow-wrap: anywhere;
}
.person p { margin: 0; }
ul { margin: 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: .625rem; overflow: hidden; }
li { display: flex; align-items: center; gap: .75rem; padding: .75rem 1rem; background: var(--tint); overflow-wrap: anywhere; }
li + li { border-top: 1px solid var(--line); }
li svg { flex: none; width: 1.125rem; height: 1.125rem; color: var(--accent); }
code { font: .875rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; min-width: 0; }
dl { margin: 1.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem; color: var(--quiet); }
dt { float: left; clear: left; margin-right: .5rem; }
dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--quiet); font-size: .8125rem; text-align: center; }
@media (max-width: 30rem) {
  body { justify-content: flex-start; padding: 1rem .75rem 2rem; }
  main { padding: 1.75rem 1.25rem 1.5rem; }
}
@media (forced-colors: active) { main, .problem, button { border: 1px solid; } }
`;

/** What the Content-Security-Policy names, so that this style sheet is applied and no other. */
export const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`;
