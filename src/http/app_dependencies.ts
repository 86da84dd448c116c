import type { Dialect } from '../dialects/dialect.ts';
import type { TakeNotes } from '../gateway/noting_gateway.ts';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Milliseconds } from '../model/units.ts';
import type { Protocol } from '../oauth/protocol.ts';
import type { BrowserAction } from './browser_action.ts';
import type { Trouble } from './failure_of.ts';
import type { ReadOwnRequest } from './own_request.ts';

export interface AppDependencies {
  readonly dialect: Dialect;
  /** Pages besides those of the dialect, which words what goes wrong there. */
  readonly pages?: readonly BrowserAction[] | undefined;
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly readRequest: ReadOwnRequest;
  /** Notes what is wanted of a request that has just come. */
  readonly notes?: TakeNotes | undefined;
  readonly report: (exchange: Exchange) => void;
  /** Told of every answer that carried new tokens. @param grant its wire value. */
  readonly tokenIssued: (grant: string) => void;
  readonly trouble: Trouble;
  /** How long the body of a request may take to arrive; 10 s by default. */
  readonly bodyTimeout?: Milliseconds | undefined;
}
