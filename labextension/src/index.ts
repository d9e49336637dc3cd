import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Token } from '@lumino/coreutils';

import { jobRenderer } from './mime';
import { serverTransport } from './request';
import type { ITransport } from './views/transport';

/** The one transport of outputs, panel and main area. */
export const ICraterTransport = new Token<ITransport>('jupyter-crater:ITransport');

const transportPlugin: JupyterFrontEndPlugin<ITransport> = {
  id: 'jupyter-crater:transport',
  description: 'Reaches jobs through the server extension.',
  provides: ICraterTransport,
  activate: (app: JupyterFrontEnd) => serverTransport(app.serviceManager.serverSettings)
};

const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-crater:output',
  description: 'Shows jobs in cell outputs.',
  autoStart: true,
  requires: [ICraterTransport, IRenderMimeRegistry],
  activate: (_app, transport: ITransport, rendermime: IRenderMimeRegistry) =>
    rendermime.addFactory(jobRenderer(transport))
};

export default [transportPlugin, outputPlugin];
