import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';

import { jobRenderer } from './mime';
import { panelPlugin } from './panel/plugin';
import { serverTransport } from './request';
import { ICraterTransport } from './tokens';
import { loadWords, type Words } from './views/i18n';
import type { ITransport } from './views/transport';

export { ICraterTransport };

/** Data beside the code, the same file as the widgets': fetched only where the language is spoken. */
async function dictionary(language: string): Promise<Words> {
  const root = PageConfig.getOption('fullLabextensionsUrl');
  const url = URLExt.join(root, 'jupyter-crater/static', `words-${language}.json`);
  const response = await fetch(url, { cache: 'no-cache' });
  if (!response.ok) {
    throw new Error(`${response.status} ${url}`);
  }
  return (await response.json()) as Words;
}

const transportPlugin: JupyterFrontEndPlugin<ITransport> = {
  id: 'jupyter-crater:transport',
  description: 'Reaches jobs through the server extension.',
  provides: ICraterTransport,
  // The page's language is known once the translator is there.
  optional: [ITranslator],
  activate: async (app: JupyterFrontEnd) => {
    await loadWords({ ja: () => dictionary('ja'), 'zh-CN': () => dictionary('zh-CN') });
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
