import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A file that browsers load, under a name that changes with its content, so that they may keep it for ever. */
export interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
}

/** @param name `console.css`: becomes `/assets/console.<hash>.css`. */
export function asset(name: string, contentType: string, text: string): Asset {
  const dot = name.lastIndexOf('.');
  const digest = hash('sha256', text, 'base64url').slice(0, 16);
  return { path: `/assets/${name.slice(0, dot)}.${digest}${name.slice(dot)}`, contentType, text };
}

/**
 * The text of a file beside a module, or of a package. `npm run build` puts the text itself in the place of calls that are written
 * out with literals (`rolldown.config.ts`).
 * @param module `import.meta.url`. @param file `./console.css`, or as in an import.
 */
export const readText = (module: string, file: string): string =>
  readFileSync(createRequire(module).resolve(file), 'utf8');
