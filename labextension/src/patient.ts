import { record } from './model';
import { RestTransport } from './rest';

/** The first item of a log comes at once: who has heard nothing for so long hears it at the end. */
const SILENCE_MS = 3_000;
/** Seconds of a log that are asked for at a time then. */
const WINDOW = 2;

/** The REST transport behind proxies too that hold an answer back until it is complete. */
export class PatientTransport extends RestTransport {
  async stream(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<void> {
    if (method !== 'job.log') {
      // A chat ends by itself: its answer comes then.
      return super.stream(method, params, onItem, signal);
    }
    if (!this._held && !(await this._silent(method, params, onItem, signal))) {
      return;
    }
    this._held = true;
    for (let after: unknown = {}; after && !signal.aborted;) {
      const asked = { ...params, seconds: WINDOW, after };
      after = null;
      await super.stream(
        method,
        asked,
        item => {
          after = record(item).at ?? null;
          onItem(item);
        },
        signal
      );
    }
  }

  /** Follows to the end; true where nothing came, so that it was given up. */
  private async _silent(
    method: string,
    params: object,
    onItem: (item: unknown) => void,
    signal: AbortSignal
  ): Promise<boolean> {
    const abort = new AbortController();
    const follow = () => abort.abort();
    signal.addEventListener('abort', follow, { once: true });
    const timer = setTimeout(follow, SILENCE_MS);
    try {
      await super.stream(
        method,
        params,
        item => {
          clearTimeout(timer);
          onItem(item);
        },
        abort.signal
      );
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', follow);
    }
    return abort.signal.aborted && !signal.aborted;
  }

  private _held = false;
}
