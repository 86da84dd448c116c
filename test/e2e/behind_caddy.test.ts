import { frontProxy } from '../contract/front_proxy.ts';
import { startCaddy } from '../support/front_proxy.ts';

frontProxy('caddy', startCaddy);
