import { html } from './html.ts';

/** A gate in an arch. It says nothing that the heading does not say, so it is hidden from screen readers. */
export const MARK = html`<svg class="mark" viewBox="0 0 44 44" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M6 39V20a16 16 0 0 1 32 0v19"/><path d="M3 39h38"/><path d="M15 39V21a7 7 0 0 1 14 0v18" fill="currentColor" fill-opacity=".16"/><circle cx="24.5" cy="29" r=".75" fill="currentColor"/></svg>`;

/** The same for the tab of the browser. */
export const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 44 44' fill='none' stroke='%230b8a6a' stroke-width='4' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M6 39V20a16 16 0 0 1 32 0v19M3 39h38M15 39V21a7 7 0 0 1 14 0v18'/%3E%3C/svg%3E";
