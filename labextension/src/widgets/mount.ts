import * as React from 'react';
import { createRoot } from 'react-dom/client';

import '../../style/views.css';

import { language, loadWords, Words } from '../views/i18n';
import { MathsContext, Typesetter } from '../views/Maths';
import type { ITransport } from '../views/transport';
import { CommTransport, IModel } from './comm';

/** What a widget's view is made from, and what is to be done when it goes. */
export interface IMounted {
  element: React.ReactElement;
  dispose?: () => void;
}

/** An anywidget of one view. */
export function widget(mount: (model: IModel, transport: CommTransport) => IMounted) {
  return {
    render({ model, el }: { model: IModel; el: HTMLElement }) {
      const transport = new CommTransport(model);
      const { element, dispose } = mount(model, transport);
      const root = createRoot(el);
      let gone = false;
      const show = () =>
        gone ||
        root.render(
          React.createElement(MathsContext.Provider, { value: () => maths(transport) }, element)
        );
      if (language() === 'en') {
        show();
      } else {
        void Promise.race([words(transport), patience()]).then(show);
      }
      return () => {
        gone = true;
        root.unmount();
        dispose?.();
        transport.dispose();
      };
    }
  };
}

/** A busy kernel is not waited for longer than this, ms: the view is English then. */
const PATIENCE = 3000;
const patience = () => new Promise<void>(resolve => setTimeout(resolve, PATIENCE));

/** The page's language through the comm too: most pages need no dictionary at all. */
function words(transport: ITransport): Promise<void> {
  const load = () => transport.request<Words>('asset.words', { language: language() });
  return loadWords({ ja: load, 'zh-CN': load });
}

let loading: Promise<Typesetter> | null = null;

/** The typesetter comes through the comm too: a widget knows no address to fetch it from. */
function maths(transport: ITransport): Promise<Typesetter> {
  loading ??= transport
    .request<string>('asset.maths', {})
    .then(source => {
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      return import(/* webpackIgnore: true */ url) as Promise<{ default: Typesetter }>;
    })
    .then(module => module.default);
  loading.catch(() => (loading = null));
  return loading;
}
