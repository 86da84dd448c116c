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

/** Every file that pages load. */
export const ALL_ASSETS: readonly Asset[] = [STYLE_SHEET, SCRIPT];
