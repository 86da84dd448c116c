import { PALETTE } from '../http/pages/palette.ts';
import { type Asset, asset, readText } from './asset.ts';

/** What every page of the console loads. */
export const STYLE_SHEET: Asset = asset(
  'console.css',
  'text/css; charset=utf-8',
  PALETTE + readText(import.meta.url, './assets/console.css'),
);
export const SCRIPT: Asset = asset(
  'console.js',
  'text/javascript; charset=utf-8',
  readText(import.meta.url, './assets/console.js'),
);

/** What pages load that show what happens: charts (uPlot), numbers that follow, and what became of a call. */
export const CHARTS_SCRIPT: Asset = asset(
  'uplot.js',
  'text/javascript; charset=utf-8',
  readText(import.meta.url, 'uplot/dist/uPlot.iife.min.js'),
);
export const CHARTS_STYLE: Asset = asset(
  'uplot.css',
  'text/css; charset=utf-8',
  readText(import.meta.url, 'uplot/dist/uPlot.min.css'),
);
export const LIVE_STYLE: Asset = asset(
  'live.css',
  'text/css; charset=utf-8',
  readText(import.meta.url, './assets/live.css'),
);
export const LIVE_SCRIPT: Asset = asset(
  'live.js',
  'text/javascript; charset=utf-8',
  readText(import.meta.url, './assets/live.js'),
);
export const OVERVIEW_SCRIPT: Asset = asset(
  'overview.js',
  'text/javascript; charset=utf-8',
  readText(import.meta.url, './assets/overview.js'),
);
export const ROUTES_SCRIPT: Asset = asset(
  'routes.js',
  'text/javascript; charset=utf-8',
  readText(import.meta.url, './assets/routes.js'),
);

/** Every file that pages load. */
export const ALL_ASSETS: readonly Asset[] = [
  ...[STYLE_SHEET, SCRIPT],
  ...[CHARTS_SCRIPT, CHARTS_STYLE, LIVE_STYLE, LIVE_SCRIPT, OVERVIEW_SCRIPT, ROUTES_SCRIPT],
];
