import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { loadMaths } from '../maths-loader';
import { MathsContext } from '../views/Maths';
import { t } from '../views/i18n';
import type { JobStore } from '../views/jobstore';
import type { ITransport } from '../views/transport';
import { craterIcon } from './icon';
import { IPanelProps, Panel, Section } from './Panel';

/** A view in the main area. */
export class MainView extends ReactWidget {
  constructor(private _element: React.ReactElement) {
    super();
    this.addClass('crater-Main');
    this.addClass('crater-Free');
  }

  /** Draws another element in its place. */
  replace(element: React.ReactElement): void {
    this._element = element;
    this.update();
  }

  protected render(): JSX.Element {
    return React.createElement(MathsContext.Provider, { value: loadMaths }, this._element);
  }

  /** Keys go on into the view: to what asks for it, else to its first control. */
  protected onActivateRequest(_: Message): void {
    void this.renderPromise?.then(() => {
      if (!this.node.contains(document.activeElement)) {
        this.node
          .querySelector<HTMLElement>('[role=tab][tabindex="0"], input, button, textarea')
          ?.focus();
      }
    });
  }
}

/** The sidebar. Drawn only while it is seen: a hidden panel asks for nothing. */
export class CraterPanel extends ReactWidget {
  constructor(
    private _store: JobStore,
    private _transport: ITransport,
    private _on: Pick<IPanelProps, 'onJob' | 'onTemplate' | 'onPress'>
  ) {
    super();
    this.id = 'jupyter-crater-panel';
    this.addClass('crater-Sidebar');
    this.addClass('crater-Free');
    this.title.icon = craterIcon;
    this.title.caption = t('Crater: LLM jobs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', t('Crater: LLM jobs'));
  }

  choose(section: Section): void {
    this._section = section;
    this.update();
  }

  protected onAfterShow(_: Message): void {
    this.update();
  }

  protected onAfterHide(_: Message): void {
    this.update();
  }

  protected onActivateRequest(_: Message): void {
    // Focused by what is drawn: renderPromise waits for the browser to idle, and people type on.
    this._called = true;
    this.update();
  }

  protected render(): JSX.Element | null {
    if (!this.isVisible) {
      return null;
    }
    return React.createElement(Panel, {
      store: this._store,
      transport: this._transport,
      section: this._section,
      takesFocus: () => {
        const called = this._called;
        this._called = false;
        return called;
      },
      onSection: section => this.choose(section),
      ...this._on
    });
  }

  private _section: Section = 'jobs';
  private _called = false;
}
