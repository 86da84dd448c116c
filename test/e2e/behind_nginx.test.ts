import { frontProxy } from '../contract/front_proxy.ts';
import { startNginx } from '../support/front_proxy.ts';

frontProxy('nginx', startNginx);
