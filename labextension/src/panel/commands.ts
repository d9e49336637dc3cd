import { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Dialog, InputDialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { text } from '../model';
import { t } from '../views/i18n';
import type { JobStore } from '../views/jobstore';
import { isPage, openPage } from '../views/OpenPage';
import { CraterError, ITransport } from '../views/transport';
import { connectCell, insertCell } from './cell';
import { craterIcon } from './icon';
import { Section, SECTIONS } from './Panel';

export const CommandIDs = {
  showPanel: 'crater:show-panel',
  newJob: 'crater:new-job',
  calculator: 'crater:calculator',
  openJob: 'crater:open-job',
  chat: 'crater:chat',
  insert: 'crater:insert-cell',
  copyCell: 'crater:copy-cell',
  copyIP: 'crater:copy-head-ip',
  copyURL: 'crater:copy-url',
  openURL: 'crater:open-url',
  stop: 'crater:stop-job',
  remove: 'crater:delete-job',
  refresh: 'crater:refresh'
} as const;

/** What the commands act on. */
export interface IActions {
  showPanel: (section?: Section) => void;
  newJob: (template: string) => void;
  calculator: () => void;
  openJob: (name: string, backend: string, tab: string) => void;
}

interface IJob {
  name: string;
  backend: string;
}

/** The order of the palette. */
export const PALETTE = [
  'showPanel',
  'newJob',
  'calculator',
  'openJob',
  'chat',
  'insert',
  'copyCell',
  'copyIP',
  'copyURL',
  'openURL',
  'stop',
  'remove',
  'refresh'
] as const satisfies (keyof typeof CommandIDs)[];

const argument = (description: string) => ({ type: 'string', description });
const JOB = {
  name: argument('The job; asked for where it is left out'),
  backend: argument('Where it runs; any where it is left out')
};

/** Everything that can be done, by name: palette, menus, shortcuts and other extensions use it. */
export function addCommands(
  app: JupyterFrontEnd,
  store: JobStore,
  transport: ITransport,
  actions: IActions
): void {
  const { commands } = app;
  const add = (
    id: string,
    label: string,
    properties: Record<string, unknown>,
    execute: (args: ReadonlyPartialJSONObject) => unknown,
    more: object = {}
  ) =>
    commands.addCommand(id, {
      label: args => text(args.label) || label,
      execute: args => execute(args),
      describedBy: { args: { type: 'object', properties } } as never,
      ...more
    });

  /** The job that is named, or under the pointer of a context menu, or chosen from a list. */
  const asked = async (args: ReadonlyPartialJSONObject, label: string): Promise<IJob | null> => {
    if (args.name) {
      const found = store.find(text(args.name), text(args.backend));
      return found ?? { name: text(args.name), backend: text(args.backend) };
    }
    if (args.menu) {
      const node = app.contextMenuHitTest(each => !!each.dataset.name);
      if (node) {
        return { name: node.dataset.name!, backend: node.dataset.backend ?? '' };
      }
    }
    await store.load();
    const { jobs } = store;
    if (!jobs.length) {
      await showDialog({
        title: label,
        body: t('No jobs yet.'),
        buttons: [Dialog.okButton({ label: t('Close') })]
      });
      return null;
    }
    const { value } = await InputDialog.getItem({
      title: label,
      items: jobs.map(job => `${job.name} · ${job.backend}`)
    });
    return jobs.find(job => `${job.name} · ${job.backend}` === value) ?? null;
  };

  const addJob = (id: string, label: string, act: (job: IJob) => unknown, more: object = {}) =>
    add(
      id,
      label,
      JOB,
      async args => {
        const job = await asked(args, label);
        if (job) {
          try {
            await act(job);
          } catch (reason) {
            const error = CraterError.from(reason);
            await showErrorMessage(label, [error.message, error.hint ?? ''].join('\n').trim());
          }
        }
      },
      more
    );

  const copy = (value: string | null | undefined, what: string) => {
    if (!value) {
      throw new CraterError(t('It has no {what} yet.', { what }));
    }
    Clipboard.copyToSystem(value);
  };

  add(
    CommandIDs.showPanel,
    t('Show the Crater panel'),
    { section: { enum: [...SECTIONS], description: 'What to show in it' } },
    args => {
      const section = SECTIONS.find(each => each === args.section);
      actions.showPanel(section);
    },
    { icon: craterIcon }
  );
  add(
    CommandIDs.newJob,
    t('Launch a model'),
    { template: argument('The template; chosen from cards where it is left out') },
    args => actions.newJob(text(args.template)),
    { icon: craterIcon, caption: t('Choose a template, see whether it fits, launch it') }
  );
  add(CommandIDs.calculator, t('How many GPUs does it need?'), {}, () => actions.calculator(), {
    icon: craterIcon
  });
  add(
    CommandIDs.openJob,
    t('Open a job'),
    { ...JOB, tab: { enum: ['overview', 'log', 'events', 'chat'], description: 'What to show' } },
    async args => {
      const job = await asked(args, t('Open a job'));
      if (job) {
        actions.openJob(job.name, job.backend, text(args.tab));
      }
    }
  );
  addJob(CommandIDs.chat, t('Chat with a job'), job =>
    actions.openJob(job.name, job.backend, 'chat')
  );
  addJob(CommandIDs.insert, t('Insert the cell that connects to a job'), job =>
    insertCell(commands, job)
  );
  addJob(CommandIDs.copyCell, t('Copy the code that connects to a job'), job =>
    Clipboard.copyToSystem(connectCell(job))
  );
  addJob(CommandIDs.copyIP, t('Copy the head IP of a job'), job =>
    copy(store.find(job.name, job.backend)?.head_ip, t('Head IP'))
  );
  addJob(CommandIDs.copyURL, t('Copy the URL of a job'), job =>
    copy(store.find(job.name, job.backend)?.url, t('URL'))
  );
  addJob(CommandIDs.openURL, t('Open the URL of a job'), async job => {
    const found = store.find(job.name, job.backend);
    if (found && isPage(found)) {
      await openPage(job.name, job.backend, transport);
      return;
    }
    const url = found?.url ?? '';
    if (!/^(https?:\/\/|\/(?!\/))/.test(url)) {
      throw new CraterError(t('It has no {what} yet.', { what: t('URL') }));
    }
    window.open(url, '_blank', 'noopener,noreferrer');
  });
  addJob(CommandIDs.stop, t('Stop a job'), async job => {
    if (await sure(t('Stop {name}? Its log stays.', { name: job.name }), t('Stop'))) {
      await transport.request('job.stop', { ...job });
      await store.load();
    }
  });
  addJob(CommandIDs.remove, t('Delete a job'), async job => {
    if (await sure(t('Delete {name} and everything of it?', { name: job.name }), t('Delete'))) {
      await transport.request('job.delete', { ...job });
      await store.load();
    }
  });
  add(CommandIDs.refresh, t('Look at all jobs again'), {}, () => store.load());
}

async function sure(question: string, label: string): Promise<boolean> {
  const { button } = await showDialog({
    title: question,
    buttons: [Dialog.cancelButton({ label: t('Keep') }), Dialog.warnButton({ label })],
    defaultButton: 0
  });
  return button.accept;
}
