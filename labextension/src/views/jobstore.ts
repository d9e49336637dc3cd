import { IStatus, list, readStatus, record, text } from '../model';
import { CraterError, ITransport } from './transport';

/** The jobs of one backend; those of before stay where it can't be asked just now. */
export interface IGroup {
  backend: string;
  jobs: IStatus[];
  error: CraterError | null;
}

/** Seconds between two looks at everything, where nobody tells of changes, and where events do. */
const UNTOLD = 1;
const TOLD = 30;
/** Nobody looks: only a figure in the status bar and notifications hang on it. */
const UNSEEN = 5;
/** A look takes at most this share of the time, however many jobs there are. */
const SHARE = 0.1;
/** Changes told within this many milliseconds are one look; of more jobs than FEW, at everything. */
const TOGETHER = 80;
const FEW = 4;

/** All jobs of all backends, kept live for everyone in the page who shows some of it. */
export class JobStore {
  groups: IGroup[] | null = null;
  error: CraterError | null = null;

  constructor(private _transport: ITransport) {
    this._off = _transport.subscribe('jobs', payload => this._told(payload));
    document.addEventListener('visibilitychange', this._seen);
    void this.load();
  }

  get jobs(): IStatus[] {
    return (this.groups ?? []).flatMap(group => group.jobs);
  }

  find(name: string, backend = ''): IStatus | undefined {
    return this.jobs.find(job => job.name === name && (!backend || job.backend === backend));
  }

  onChange(callback: () => void): () => void {
    this._callbacks.add(callback);
    return () => this._callbacks.delete(callback);
  }

  /** Told of each job whose phase is another than when it was last looked at. */
  onPhase(callback: (job: IStatus, before: string | null) => void): () => void {
    this._phases.add(callback);
    return () => this._phases.delete(callback);
  }

  /** Someone looks, until the returned function is called. */
  watch(): () => void {
    this._watching += 1;
    void this.load();
    return () => {
      this._watching -= 1;
    };
  }

  /** Look at everything now; a look under way is joined. */
  load(): Promise<void> {
    this._loading ??= this._look().finally(() => {
      this._loading = null;
      this._plan();
    });
    return this._loading;
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._timer);
    clearTimeout(this._soon);
    this._off();
    document.removeEventListener('visibilitychange', this._seen);
    this._callbacks.clear();
    this._phases.clear();
  }

  private async _look(): Promise<void> {
    const start = performance.now();
    try {
      this._backends ??= list(
        record(await this._transport.request('templates.list', {})).backends
      ).map(text);
      const backends = this._backends.length ? this._backends : [''];
      const groups = await Promise.all(backends.map(backend => this._group(backend)));
      this.error = null;
      this._set(groups);
    } catch (reason) {
      this.error = CraterError.from(reason);
      this._changed();
    }
    this._took = (performance.now() - start) / 1000;
  }

  private async _group(backend: string): Promise<IGroup> {
    try {
      const value = await this._transport.request('jobs.list', { backend });
      return { backend, jobs: list(record(value).jobs).map(readStatus), error: null };
    } catch (reason) {
      const jobs = this.groups?.find(group => group.backend === backend)?.jobs ?? [];
      return { backend, jobs, error: CraterError.from(reason) };
    }
  }

  /** An event names its job; one without (a kernel's "something changed") is a look at everything. */
  private _told(payload: unknown): void {
    const { name, backend } = record(payload);
    if (name) {
      this._events = true;
    }
    this._pending.set(`${text(backend)}/${text(name)}`, [text(backend), text(name)]);
    this._soon ??= setTimeout(() => {
      this._soon = undefined;
      const changed = [...this._pending.values()];
      this._pending.clear();
      const known = changed.every(
        ([place, job]) => job && this.groups?.some(group => group.backend === place)
      );
      void (known && changed.length <= FEW
        ? Promise.all(changed.map(each => this._renew(...each)))
        : // What is under way may have been asked before the change.
          (this._loading ?? Promise.resolve()).then(() => this.load()));
    }, TOGETHER);
  }

  private async _renew(backend: string, name: string): Promise<void> {
    let job: IStatus | null;
    try {
      job = readStatus(await this._transport.request('job.get', { backend, name }));
    } catch (reason) {
      if (CraterError.from(reason).kind !== 'JobNotFound') {
        return this.load();
      }
      job = null;
    }
    const groups = (this.groups ?? []).map(group => {
      if (group.backend !== backend) {
        return group;
      }
      const at = group.jobs.findIndex(each => each.name === name);
      const jobs = [...group.jobs];
      // The newest job stands first, as in the list of the backend.
      jobs.splice(Math.max(at, 0), at < 0 ? 0 : 1, ...(job ? [job] : []));
      return { ...group, jobs };
    });
    this._set(groups);
  }

  private _set(groups: IGroup[]): void {
    const before = this.groups && new Map(this.jobs.map(job => [key(job), job.phase]));
    this.groups = groups;
    if (before) {
      for (const job of this.jobs) {
        const phase = before.get(key(job)) ?? null;
        if (phase !== job.phase) {
          this._phases.forEach(callback => callback(job, phase));
        }
      }
    }
    this._changed();
  }

  private _changed(): void {
    this._callbacks.forEach(callback => callback());
  }

  private _plan(): void {
    clearTimeout(this._timer);
    if (this._disposed) {
      return;
    }
    const rest = this._events ? TOLD : this._watching ? UNTOLD : UNSEEN;
    this._timer = setTimeout(
      () => (document.hidden ? this._plan() : void this.load()),
      Math.max(rest, this._took / SHARE) * 1000
    );
  }

  private _seen = () => {
    if (!document.hidden) {
      void this.load();
    }
  };

  private _backends: string[] | null = null;
  private _callbacks = new Set<() => void>();
  private _phases = new Set<(job: IStatus, before: string | null) => void>();
  private _pending = new Map<string, [string, string]>();
  private _off: () => void;
  private _loading: Promise<void> | null = null;
  private _timer?: ReturnType<typeof setTimeout>;
  private _soon?: ReturnType<typeof setTimeout>;
  private _watching = 0;
  private _events = false;
  private _took = 0;
  private _disposed = false;
}

export function key(job: { name: string; backend: string }): string {
  return `${job.backend}/${job.name}`;
}
