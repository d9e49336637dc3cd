import type { components } from '../api';
import { list, number, record, text } from '../model';
import { CraterError, ITransport } from './transport';

type Wire = components['schemas'];
/** One message of a chat, as jupyter_crater.chat writes it. */
export type ITurn = Wire['Turn-Output'];
export type ISettings = Required<Wire['Settings']>;

export const NO_SETTINGS: ISettings = {
  system: '',
  temperature: null,
  top_p: null,
  max_tokens: null,
  seed: null
};

/** The answer under way. */
export interface ILive {
  text: string;
  thinking: string;
  /** Epoch seconds. */
  started: number;
  /** When the answer proper began; null while it thinks. */
  answered: number | null;
}

export function readTurn(value: unknown): ITurn {
  const data = record(value);
  const error = record(data.error);
  return {
    role: data.role === 'user' ? 'user' : 'assistant',
    text: text(data.text),
    thinking: text(data.thinking),
    thinking_seconds: number(data.thinking_seconds),
    ttft: number(data.ttft),
    tokens_per_second: number(data.tokens_per_second),
    prompt_tokens: number(data.prompt_tokens),
    completion_tokens: number(data.completion_tokens),
    omitted: number(data.omitted) ?? 0,
    stopped: data.stopped === true,
    error: data.error
      ? {
          error: text(error.error),
          message: text(error.message),
          hint: typeof error.hint === 'string' ? error.hint : null
        }
      : null
  };
}

export function userTurn(message: string): ITurn {
  return readTurn({ role: 'user', text: message });
}

/** The chat for reading outside: markdown, thinking left out. */
export function toMarkdown(turns: ITurn[]): string {
  return turns
    .map(turn => `**${turn.role === 'user' ? 'User' : 'Assistant'}**\n\n${turn.text.trim()}\n`)
    .join('\n---\n\n');
}

/** A chat as its view sees it; where its turns live is the business of the two kinds below. */
export abstract class ChatSession {
  turns: ITurn[] = [];
  settings: ISettings = NO_SETTINGS;
  live: ILive | null = null;
  /** Something is in the way that isn't part of an answer, e.g. a busy kernel. */
  notice: CraterError | null = null;

  /** Ask `message` after the first `keep` turns; later ones go. Resolves when the answer ended. */
  abstract send(message: string, keep: number): Promise<void>;
  abstract stop(): void;
  abstract clear(): void;
  /** A question is being written: time to find out where it will go. */
  begun(): void {
    return;
  }
  dispose(): void {
    this._listeners.clear();
  }

  change(settings: ISettings): void {
    this.settings = settings;
    this.emit();
  }

  onChange(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  protected begin(started = Date.now() / 1000): void {
    this.live = { text: '', thinking: '', started, answered: null };
    this.notice = null;
    this.emit();
  }

  protected end(turns?: ITurn[]): void {
    this.turns = turns ?? this.turns;
    this.live = null;
    this.emit();
  }

  /** One event of the stream: {text} | {thinking} | {retract}. */
  protected apply(value: unknown): void {
    const delta = record(value);
    if (!this.live) {
      return;
    }
    const live = { ...this.live };
    if (delta.retract) {
      // The text so far turned out to be thinking: a lone </think> came.
      live.thinking += live.text;
      live.text = '';
      live.answered = null;
    }
    live.thinking += text(delta.thinking);
    if (delta.text) {
      live.text += text(delta.text);
      live.answered ??= Date.now() / 1000;
    }
    this.live = live;
    this.emit();
  }

  protected emit(): void {
    this._listeners.forEach(listener => listener());
  }

  private _listeners = new Set<() => void>();
}

/** A chat of this page: its turns live here, each request carries what the engine should know. */
export class PageSession extends ChatSession {
  constructor(
    private _job: { name: string; backend: string },
    private _transport: ITransport
  ) {
    super();
  }

  async send(message: string, keep: number): Promise<void> {
    if (this.live) {
      return;
    }
    const before = this.turns.slice(0, keep);
    this.turns = [...before, userTurn(message)];
    this.begin();
    const abort = new AbortController();
    this._abort = abort;
    let answer: ITurn | null = null;
    try {
      await this._transport.stream(
        'chat.send',
        { ...this._job, turns: before, text: message, settings: this.settings },
        item => {
          const { turn } = record(item);
          if (turn) {
            answer = readTurn(turn);
          } else {
            this.apply(item);
          }
        },
        abort.signal
      );
    } catch (reason) {
      const { kind, message: said, hint } = CraterError.from(reason);
      answer = this._partial({ error: { error: kind, message: said, hint } });
    }
    this.end([...this.turns, answer ?? this._partial({ stopped: true })]);
  }

  stop(): void {
    this._abort?.abort();
  }

  clear(): void {
    this.stop();
    this.turns = [];
    this.emit();
  }

  dispose(): void {
    this.stop();
    super.dispose();
  }

  /** What had come when the stream ended without its last word. */
  private _partial(more: Partial<ITurn>): ITurn {
    const { text: said, thinking } = this.live ?? { text: '', thinking: '' };
    return { ...readTurn({ role: 'assistant', text: said, thinking }), ...more };
  }

  private _abort: AbortController | null = null;
}

/** Those that are as they were `before` are the same objects: views draw them no second time. */
export function readTurns(value: unknown, before: ITurn[]): ITurn[] {
  return list(value).map((each, index) => {
    const turn = readTurn(each);
    const known = before[index] as ITurn | undefined;
    const keys = Object.keys(turn) as (keyof ITurn)[];
    return known && keys.every(key => known[key] === turn[key]) ? known : turn;
  });
}
