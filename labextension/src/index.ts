import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';

import { jobRenderer } from './mime';
import { panelPlugin } from './panel/plugin';
import { serverTransport } from './request';
import { ICraterTransport } from './tokens';
import { loadWords } from './views/i18n';
import type { ITransport } from './views/transport';

export { ICraterTransport };

const transportPlugin: JupyterFrontEndPlugin<ITransport> = {
  id: 'jupyter-crater:transport',
  description: 'Reaches jobs through the server extension.',
  provides: ICraterTransport,
  // The page's language is known once the translator is there.
  optional: [ITranslator],
  activate: async (app: JupyterFrontEnd) => {
    await loadWords({
      ja: () => import('./views/locale/ja').then(module => module.ja),
      'zh-CN': () => import('./views/locale/zhCN').then(module => module.zhCN)
    });
    return serverTransport(app.serviceManager);
  }
};

const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-crater:output',
  description: 'Shows jobs in cell outputs.',
  autoStart: true,
  requires: [ICraterTransport, IRenderMimeRegistry],
  activate: (_app, transport: ITransport, rendermime: IRenderMimeRegistry) =>
    rendermime.addFactory(jobRenderer(transport))
};

export default [transportPlugin, outputPlugin, panelPlugin];
