import {
  ILabShell,
  ILayoutRestorer,
  IRouter,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ICraterTransport } from '../tokens';
import { Calculator } from '../views/Calculator';
import { language, t } from '../views/i18n';
import { JobStore } from '../views/jobstore';
import { JobView, TABS, Tab } from '../views/JobView';
import { Picker } from '../views/Picker';
import { readCards } from '../views/Templates';
import type { ITransport } from '../views/transport';
import { dragCell } from './cell';
import { addCommands, CommandIDs, IActions, PALETTE } from './commands';
import { craterIcon } from './icon';
import { notify, statusItem } from './notices';
import { addRoute } from './route';
import { CraterPanel, MainView } from './widgets';

const ID = 'jupyter-crater:panel';
/** For the layout restorer, which knows one command for all that was open. */
const REOPEN = 'crater:reopen';

/** Everything in JupyterLab besides the outputs. Only the transport is a must: Notebook 7 has less. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The sidebar panel, its commands, and what it opens.',
  autoStart: true,
  requires: [ICraterTransport],
  optional: [
    ILabShell,
    ILayoutRestorer,
    ICommandPalette,
    ILauncher,
    IStatusBar,
    ISettingRegistry,
    IRouter
  ],
  activate: (
    app: JupyterFrontEnd,
    transport: ITransport,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    statusBar: IStatusBar | null,
    settings: ISettingRegistry | null,
    router: IRouter | null
  ) => {
    const { commands, shell } = app;
    const store = new JobStore(transport);
    const tracker = new WidgetTracker<MainAreaWidget<MainView>>({ namespace: 'jupyter-crater' });
    const reopen = new Map<string, { command: string; args: Record<string, string> }>();

    const open = (
      id: string,
      title: string,
      element: () => React.ReactElement,
      how: { command: string; args: Record<string, string> },
      icon: LabIcon = craterIcon
    ) => {
      let widget = tracker.find(each => each.id === id);
      if (!widget) {
        widget = new MainAreaWidget({ content: new MainView(element()) });
        widget.id = id;
        widget.title.label = title;
        widget.title.icon = icon;
        widget.title.closable = true;
        widget.toolbar.hide();
        reopen.set(id, how);
        widget.disposed.connect(() => reopen.delete(id));
        void tracker.add(widget);
        // Notebook 7 takes one widget in its main area only, and says nothing of a second.
        shell.add(widget, labShell ? 'main' : 'right', { mode: 'tab-after' });
      }
      shell.activateById(widget.id);
    };

    const actions: IActions = {
      showPanel: section => {
        if (section) {
          panel.choose(section);
        }
        shell.activateById(panel.id);
      },
      newJob: template => {
        const id = `jupyter-crater-new-${template || 'job'}`;
        const done = (name: string, backend: string) => {
          void store.load();
          actions.openJob(name, backend, '');
          tracker.find(each => each.id === id)?.dispose();
        };
        open(
          id,
          template || t('Launch a model'),
          () => React.createElement(Picker, { transport, template, onLaunched: done }),
          { command: CommandIDs.newJob, args: { template } }
        );
      },
      calculator: () =>
        open(
          'jupyter-crater-calculator',
          t('How many GPUs does it need?'),
          () => React.createElement(Calculator, { transport }),
          { command: CommandIDs.calculator, args: {} }
        ),
      openJob: (name, backend, tab) => {
        const id = `jupyter-crater-job-${backend}-${name}`;
        const first = TABS.find(each => each === tab);
        const shown = tracker.find(each => each.id === id);
        const view = (chosen?: Tab) =>
          React.createElement(JobView, {
            key: chosen ?? 'first',
            name,
            backend,
            transport,
            tab: chosen,
            snapshot: store.find(name, backend),
            onDeleted: () => {
              void store.load();
              tracker.find(each => each.id === id)?.dispose();
            }
          });
        if (shown && first) {
          shown.content.replace(view(first));
        }
        open(id, name, () => view(first), {
          command: CommandIDs.openJob,
          args: { name, backend }
        });
      }
    };

    const panel = new CraterPanel(store, transport, {
      onJob: job => actions.openJob(job.name, job.backend, ''),
      onTemplate: template => actions.newJob(template),
      onPress: dragCell
    });
    if (!labShell) {
      panel.title.label = 'Crater';
    }
    addCommands(app, store, transport, actions);
    if (router) {
      addRoute(app, router, actions.openJob);
    }
    shell.add(panel, 'left', { rank: 650, type: 'Crater' });
    restorer?.add(panel, panel.id);
    commands.addCommand(REOPEN, {
      execute: args => commands.execute(args.command as string, args.args as never)
    });
    void restorer?.restore(tracker, {
      command: REOPEN,
      args: widget => reopen.get(widget.id) ?? {},
      name: widget => widget.id
    });

    for (const name of PALETTE) {
      palette?.addItem({ command: CommandIDs[name], category: 'Crater' });
    }
    launcher?.add({ command: CommandIDs.newJob, category: 'Crater', rank: 1 });
    launcher?.add({ command: CommandIDs.calculator, category: 'Crater', rank: 2 });
    void addTemplates(launcher, transport);

    let wanted = true;
    notify(store, commands, () => wanted);
    let item: { dispose(): void } | null = null;
    const follow = (composite: Record<string, unknown>) => {
      wanted = composite.notify !== false;
      const shown = composite.statusBar !== false;
      if (statusBar && shown !== !!item) {
        item?.dispose();
        item = shown ? statusItem(statusBar, store, commands) : null;
      }
    };
    if (settings) {
      void settings.load(ID).then(
        loaded => {
          follow(loaded.composite);
          loaded.changed.connect(() => follow(loaded.composite));
        },
        () => follow({})
      );
    } else {
      follow({});
    }
  }
};

/** A card for each template, if the server can be asked. */
async function addTemplates(launcher: ILauncher | null, transport: ITransport): Promise<void> {
  if (!launcher) {
    return;
  }
  try {
    const found = await transport.request('templates.list', { language: language() });
    readCards(found).forEach(({ id, title }, index) =>
      launcher.add({
        command: CommandIDs.newJob,
        args: { template: id, label: title },
        category: 'Crater',
        rank: 10 + index
      })
    );
  } catch {
    // The panel says what is wrong.
  }
}
