import { systemClock } from '../../src/model/clock.ts';
import { embedded } from '../../src/stores/embedded.ts';
import { dependencies } from '../contract/backend_under_test.ts';

/** The other process of `embedded.test.ts`: reports the first revocation it hears of, then revokes a family itself. */
const [file, ref] = process.argv.slice(2);
const backend = await embedded.create({ path: file }, dependencies(systemClock));
backend.tokens.invalidation.subscribe({
  invalidated: async (hashes) => {
    if (process.exitCode !== undefined) return;
    process.exitCode = 0;
    process.send?.({ heard: hashes });
    await backend.tokens.revoke(JSON.parse(String(ref)));
    process.send?.('revoked');
  },
  reset: () => {},
});
process.send?.('ready');
process.on('message', () => {}); // keeps it alive until it is killed
