import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import * as React from 'react';

import { loadMaths } from './maths-loader';
import { record, text } from './model';
import { JobView, TABS } from './views/JobView';
import { MathsContext } from './views/Maths';
import type { ITransport } from './views/transport';

export const JOB_MIME = 'application/vnd.jupyter-crater.job+json';

/** A job as a cell's output: live over REST, with or without a kernel. */
class JobOutput extends ReactWidget implements IRenderMime.IRenderer {
  constructor(private _transport: ITransport) {
    super();
    this.addClass('crater-Output');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._data = record(model.data[JOB_MIME]);
    this.update();
    await this.renderPromise;
  }

  protected render(): JSX.Element | null {
    const name = text(this._data?.name);
    if (!name) {
      return null;
    }
    return React.createElement(
      MathsContext.Provider,
      { value: loadMaths },
      React.createElement(JobView, {
        key: name,
        name,
        backend: text(this._data?.backend),
        snapshot: this._data?.status,
        tab: TABS.find(tab => tab === this._data?.tab),
        transport: this._transport
      })
    );
  }

  private _data?: Record<string, unknown>;
}

export function jobRenderer(transport: ITransport): IRenderMime.IRendererFactory {
  return {
    // Shown in untrusted notebooks too: it takes a name and a snapshot from the notebook, both
    // checked for their shape, and every button that changes something asks first.
    safe: true,
    mimeTypes: [JOB_MIME],
    // Before text/html, which has 50.
    defaultRank: 10,
    createRenderer: () => new JobOutput(transport)
  };
}
