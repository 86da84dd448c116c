import { type Html, html } from '../../../http/pages/html.ts';
import type { Visit } from '../page.ts';

/** Adding up the numbers of 10,000 routes takes 30 ms of a process that carries calls. */
const MANY_ROUTES = 1_000;

/** Where `live.js` says how it is going. @param source what it asks for. @param beside what stands there without script. */
export const livePlace = (source: string, { admin }: Pick<Visit, 'admin'>, beside?: Html): Html =>
  html`<div id="live" data-source="${source}" data-every="${admin.routes.length > MANY_ROUTES ? 10_000 : 2_000}">${beside}</div>`;
