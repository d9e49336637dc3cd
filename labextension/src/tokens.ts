import { Token } from '@lumino/coreutils';

import type { ITransport } from './views/transport';

/** The one transport of outputs, panel and main area. */
export const ICraterTransport = new Token<ITransport>('jupyter-crater:ITransport');
