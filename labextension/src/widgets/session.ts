import { number, record } from '../model';
import { t } from '../views/i18n';
import {
  ChatSession,
  ISettings,
  NO_SETTINGS,
  PageSession,
  readTurns,
  userTurn
} from '../views/session';
import { CraterError } from '../views/transport';
import type { CommTransport, IModel } from './comm';
import { pageTransport } from './page';

/** The kernel is told so often at most that a question is being written. */
const BEGUN_MS = 5000;

/**
 * The kernel's chat: turns and settings are synced state, so every view and a view opened later
 * show the same; tokens come as messages. While a cell blocks the kernel, questions go to our
 * server extension instead, where there is one, and the kernel gets the turns afterwards.
 */
export class CommSession extends ChatSession {
  constructor(
    private _model: IModel,
    private _transport: CommTransport
  ) {
    super();
    this._off = [
      _transport.subscribe('chat', value => this.apply(value)),
      _transport.subscribe('busy', busy => {
        // Each answer begins with "not busy": nothing to draw anew.
        if (busy || this.notice) {
          this.notice = busy ? busyNotice() : null;
          this.emit();
        }
      })
    ];
    _model.on('change:turns', this._read);
    _model.on('change:busy', this._read);
    _model.on('change:settings', this._read);
    this._read();
  }

  async send(message: string, keep: number): Promise<void> {
    if (this.live) {
      return;
    }
    this.turns = [...this.turns.slice(0, keep), userTurn(message)];
    this._begun = 0;
    this._asking = true;
    try {
      const asked = new AbortController();
      const answered = this._transport.stream(
        'chat.ask',
        { text: message, keep },
        () => undefined,
        asked.signal
      );
      // Drawn when it is on its way.
      this.begin();
      // Not asked first whether it listens: that would cost every answer a round trip.
      if (!(await this._transport.heard(answered))) {
        const job = {
          name: String(this._model.get('name')),
          backend: String(this._model.get('backend'))
        };
        const page = await pageTransport(job);
        if (page) {
          // Withdrawn before it is read; the kernel gets the turns afterwards.
          asked.abort();
          await this._sendByPage(new PageSession(job, page), message, keep);
          return;
        }
        this.notice = busyNotice();
        this.emit();
      }
      await answered;
    } catch (reason) {
      this.notice = CraterError.from(reason);
    } finally {
      this._asking = false;
      this._read();
    }
  }

  begun(): void {
    if (Date.now() - this._begun > BEGUN_MS) {
      this._begun = Date.now();
      this._transport.tell('chat.begun');
    }
  }

  stop(): void {
    if (this._page) {
      this._page.stop();
    } else {
      void this._transport.request('chat.stop', {}).catch(() => undefined);
    }
  }

  clear(): void {
    this.turns = [];
    this.emit();
    void this._transport.request('chat.clear', {}).catch(() => undefined);
  }

  change(settings: ISettings): void {
    super.change(settings);
    this._model.set('settings', settings);
    this._model.save_changes();
  }

  dispose(): void {
    this._off.forEach(off => off());
    this._model.off('change:turns', this._read);
    this._model.off('change:busy', this._read);
    this._model.off('change:settings', this._read);
    this._page?.dispose();
    super.dispose();
  }

  /** Ask through the server extension. */
  private async _sendByPage(page: PageSession, message: string, keep: number): Promise<void> {
    this._page = page;
    page.turns = this.turns.slice(0, keep);
    page.settings = this.settings;
    page.onChange(() => {
      this.turns = page.turns;
      this.live = page.live;
      this.emit();
    });
    try {
      await page.send(message, keep);
    } finally {
      this._page = null;
    }
    this._model.set('turns', page.turns);
    this._model.save_changes();
  }

  private _read = () => {
    if (this._page) {
      return;
    }
    this.settings = { ...NO_SETTINGS, ...(record(this._model.get('settings')) as object) };
    const busy = this._model.get('busy') === true;
    if (this._asking && this.live) {
      // It shows all of that already.
    } else if (!busy) {
      this.end(readTurns(this._model.get('turns'), this.turns));
    } else {
      this.turns = readTurns(this._model.get('turns'), this.turns);
      if (this.live) {
        this.emit();
      } else {
        this.begin();
        // Another page asked; the first words came before its question, or before this view.
        void this._transport.request('chat.live', {}).then(value => this._catchUp(value));
      }
    }
  };

  /** All that was sent until now, in its place among the messages. */
  private _catchUp(value: unknown): void {
    const data = record(value);
    if (this.live) {
      this.begin(number(data.started) ?? undefined);
      this.apply(data);
    }
  }

  private _off: (() => void)[];
  private _asking = false;
  private _begun = 0;
  private _page: PageSession | null = null;
}

function busyNotice(): CraterError {
  return new CraterError(
    t('The kernel is busy: what you asked for happens when the running cell ends.'),
    'KernelBusy'
  );
}
