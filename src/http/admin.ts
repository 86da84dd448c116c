/** The admin listener: whether this process is alive and ready, and what it has counted. */
import type { RequestListener } from 'node:http';
import { isTooLate } from '../gateway/answer.ts';
import type { AdminSettings } from '../model/config.ts';
import { createListener, type Listener, type ListenerOptions } from './listener.ts';

export interface AdminDependencies extends Pick<ListenerOptions, 'report' | 'trouble' | 'wording'> {
  readonly listen: Pick<AdminSettings, 'host' | 'port' | 'tls'>;
  /** Whoever answers everything else; without it there is nothing else. */
  readonly others?: RequestListener | undefined;
  /** Why no traffic should be sent here now; empty if it should. */
  readonly notReady: () => Promise<readonly string[]>;
  /** What an operator should know although traffic may be sent here; nothing unless told otherwise. */
  readonly degraded?: () => readonly string[];
  /** The page that Prometheus reads. @param accept the value of `Accept`. */
  readonly metrics: (accept: string | undefined) => Promise<{ readonly contentType: string; readonly body: string }>;
}

interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Page = (accept: string | undefined) => Promise<AdminAnswer>;

/** The admin listener, not yet listening. */
export function createAdmin(deps: AdminDependencies): Listener {
  const { listen, notReady, degraded = () => [], metrics, others, report, trouble, wording } = deps;
  const pages: Readonly<Record<string, Page>> = {
    '/health/live': async () => json(200, { status: 'live' }),
    '/health/ready': async () => {
      const reasons = await notReady();
      if (reasons.length > 0) return json(503, { status: 'not ready', reasons });
      const lesser = degraded();
      return lesser.length === 0 ? json(200, { status: 'ready' }) : json(200, { status: 'degraded', reasons: lesser });
    },
    '/metrics': async (accept) => ({ status: 200, ...(await metrics(accept)) }),
  };

  const pageAt = (target: string) => {
    const path = target.split('?', 1)[0] ?? '';
    return Object.hasOwn(pages, path) ? pages[path] : undefined;
  };

  async function answer(method: string, page: Page | undefined, accept: string | undefined): Promise<AdminAnswer> {
    if (page === undefined)
      return json(404, { error: 'not_found', error_description: `There are ${Object.keys(pages).join(', ')}.` });
    if (method !== 'GET' && method !== 'HEAD')
      return json(405, { error: 'method_not_allowed', error_description: 'Use GET.' });
    return page(accept);
  }

  const handle: RequestListener = (request, response) => {
    const { method = '', url = '' } = request;
    const page = pageAt(url);
    if (isTooLate(request)) return;
    if (page === undefined && others) {
      others(request, response);
      return;
    }
    answer(method, page, request.headers.accept)
      .catch(() =>
        json(503, { error: 'temporarily_unavailable', error_description: 'This cannot be told at the moment.' }),
      )
      .then(({ status, contentType, body }) => {
        const length = Buffer.byteLength(body);
        response.writeHead(status, {
          'Content-Type': contentType,
          'Content-Length': length,
          'Cache-Control': 'no-store',
        });
        response.end(method === 'HEAD' ? undefined : body);
      });
  };
  const { host, port, tls } = listen;
  return createListener({ host, port, tls, handle, report, trouble, wording });
}

function json(status: number, value: object): AdminAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}
