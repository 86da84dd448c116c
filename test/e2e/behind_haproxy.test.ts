import { frontProxy } from '../contract/front_proxy.ts';
import { startHaproxy } from '../support/front_proxy.ts';

frontProxy('haproxy', startHaproxy);
