import { type Html, html } from '../../http/pages/html.ts';

/** Drawn in the colour of the text beside them, which says the same, so that they are hidden from screen readers. */
const icon = (paths: Html): Html =>
  html`<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;

export const ICONS = {
  overview: icon(html`<path d="M4 19V5M4 19h16"/><path d="m7 14 4-4 3 3 5-6"/>`),
  clients: icon(
    html`<rect x="4" y="4" width="7" height="7" rx="1.5"/><rect x="13" y="4" width="7" height="7" rx="1.5"/><rect x="4" y="13" width="7" height="7" rx="1.5"/><path d="M16.5 13v7M13 16.5h7"/>`,
  ),
  users: icon(
    html`<circle cx="9" cy="8" r="3.5"/><path d="M3 19.5c.5-3.5 3-5 6-5s5.500 1.500 6 5"/><path d="M15.500 4.900a3.500 3.500 0 0 1 0 6.200M18 14.900c1.700.700 2.700 2.200 3 4.600"/>`,
  ),
  tokens: icon(html`<circle cx="8" cy="15" r="4"/><path d="m11 12 8.500-8.500M16 7l3 3M13.500 9.500l2 2"/>`),
  routes: icon(
    html`<circle cx="6" cy="6" r="2.500"/><circle cx="18" cy="18" r="2.500"/><path d="M8.500 6H15a3 3 0 0 1 0 6H9a3 3 0 0 0 0 6h6.500"/>`,
  ),
  explain: icon(
    html`<circle cx="12" cy="12" r="8.500"/><path d="M9.700 9.500a2.400 2.400 0 1 1 3.400 2.400c-.800.400-1.100.900-1.100 1.700M12 16.600v.100"/>`,
  ),
  audit: icon(html`<path d="M6 3.500h8.500L19 8v12.500H6z"/><path d="M14 3.500V8.500h5M9 12.500h7M9 16h7"/>`),
  menu: icon(html`<path d="M4 7h16M4 12h16M4 17h16"/>`),
} as const;

export type IconName = keyof typeof ICONS;
