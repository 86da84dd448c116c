import type { Config } from '../model/config.ts';
import { isLoopback } from '../model/loopback.ts';

/** What is allowed and works, but what whoever wrote the configuration should know of: one line each, that begins with the key. */
export function adviceOn({ admin }: Pick<Config, 'admin'>): readonly string[] {
  const advice: string[] = [];
  if (!isLoopback(admin.host) && !admin.tls) {
    advice.push(
      `admin.host: the admin listener is open to ${admin.host} without TLS, so that passwords of administrators travel in the clear: write admin.tls, or listen on 127.0.0.1`,
    );
  }
  return advice;
}
