import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The demo API as a process of its own, for tests that measure the gateway's. */
export interface DemoProcess {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  stop(): Promise<void>;
}

const SOURCE = `
import { startDemoApi } from ${JSON.stringify(new URL('../../src/demo/demo_api.ts', import.meta.url).href)};
console.log((await startDemoApi()).url);
// Whoever started it is gone when this ends.
process.stdin.on('end', () => process.exit()).resume();
`;

export async function startDemoProcess(): Promise<DemoProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    url,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
