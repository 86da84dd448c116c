import { readFile } from 'node:fs/promises';

/** A configuration as it is shipped, what `npm start` runs by default, on free ports and with this store instead of `./data`. */
export async function demoConfig(store: string, more = '', file = 'config/gatehouse.yaml'): Promise<string> {
  const text = await readFile(file, 'utf8');
  const replaced = ['listen', 'admin', 'store'].reduce(
    // A top-level key with everything indented below it, comments included.
    (yaml, key) => yaml.replace(new RegExp(`^${key}:.*\\n(?:[ \\t]+.*\\n|\\n(?=[ \\t]))*`, 'm'), ''),
    text,
  );
  const listen = /^listen:/m.test(more) ? '' : 'listen: { host: 127.0.0.1, port: 0 }\n';
  return `${replaced}\n${listen}admin: { host: 127.0.0.1, port: 0 }\nstore: ${store}\n${more}`;
}
