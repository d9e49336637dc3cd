import { Notification } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import type { IStatus } from '../model';
import { t } from '../views/i18n';
import type { JobStore } from '../views/jobstore';
import { tone } from '../views/phases';
import { CommandIDs } from './commands';

/** How long a notice stands in the corner; the bell keeps it. */
const SHOWN_MS = 15_000;

/** Tells when a job serves or has failed, as long as `wanted` says so. */
export function notify(store: JobStore, commands: CommandRegistry, wanted: () => boolean): void {
  const opened = Date.now() / 1000;
  store.onPhase((job, before) => {
    // An older job that is seen for the first time may have been in this phase for long.
    if (!wanted() || (before === null && job.created < opened)) {
      return;
    }
    const open = (label: string, tab: string) => ({
      // Without it the notice would only be counted at the bell.
      autoClose: SHOWN_MS,
      actions: [
        {
          label,
          callback: () =>
            void commands.execute(CommandIDs.openJob, { name: job.name, backend: job.backend, tab })
        }
      ]
    });
    if (job.phase === 'serving') {
      Notification.success(t('{name} serves', { name: job.name }), open(t('Chat'), 'chat'));
    } else if (job.phase === 'failed') {
      Notification.error(t('{name} failed', { name: job.name }), open(t('Why'), 'overview'));
    }
  });
}

/** How many jobs serve, are on their way, have failed. */
export function statusText(jobs: IStatus[]): string {
  const of = (kind: string) => jobs.filter(job => tone(job.phase) === kind).length;
  const parts = [
    [of('good'), t('serving')],
    [of('busy'), t('starting')],
    [of('bad'), t('failed')]
  ].filter(([number]) => number);
  return `Crater: ${parts.length ? parts.map(part => part.join(' ')).join(' · ') : t('no jobs')}`;
}

/** The status bar's item; a click opens the panel. */
export function statusItem(
  statusBar: IStatusBar,
  store: JobStore,
  commands: CommandRegistry
): { dispose(): void } {
  const item = new Widget({ node: document.createElement('button') });
  item.addClass('crater-StatusItem');
  item.addClass('jp-StatusBar-TextItem');
  item.node.title = t('Show the Crater panel');
  item.node.addEventListener('click', () => void commands.execute(CommandIDs.showPanel));
  const show = () => {
    const text = statusText(store.jobs);
    if (item.node.textContent !== text) {
      item.node.textContent = text;
    }
  };
  show();
  const off = store.onChange(show);
  const registered = statusBar.registerStatusItem('jupyter-crater:status', {
    item,
    align: 'left',
    rank: 100
  });
  return {
    dispose() {
      off();
      registered.dispose();
      item.dispose();
    }
  };
}
