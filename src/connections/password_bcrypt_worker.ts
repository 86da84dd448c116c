/** A thread of its own: compares one password after the other, as `password_bcrypt_threads.ts` hands them over. */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

parentPort?.on('message', ([hash, password]: readonly [hash: string, password: string]) => {
  parentPort?.postMessage(compareSync(password, hash));
});
