import { list, number, record, text } from '../model';
import { plain } from './format';

export interface ILine {
  /** `head`, or `worker-1` where a task has several. */
  source: string;
  text: string;
}

/** As many lines as a view keeps; older ones go, and that is said. */
export const KEPT = 100_000;
const LONGEST = 4_000;

/** The merged log: appended in batches, filtered without going over everything at each batch. */
export class LogBuffer {
  lines: ILine[] = [];
  /** Lines that pass the filter; `lines` itself where there is none. */
  shown: ILine[] = [];
  sources = new Set<string>();
  /** Left out by the sender because too many came at once. */
  dropped = 0;
  /** Older than what is kept. */
  forgotten = 0;

  /** One item of the stream: {lines: [{task, index, text}], dropped}. */
  append(item: unknown): void {
    const data = record(item);
    this.dropped += number(data.dropped) ?? 0;
    const fresh = list(data.lines).map(value => {
      const line = record(value);
      const index = number(line.index) ?? 0;
      const task = text(line.task);
      const source = index ? `${task}-${index}` : task;
      this.sources.add(source);
      const whole = plain(text(line.text));
      return {
        source,
        text:
          whole.length > LONGEST
            ? `${whole.slice(0, LONGEST)} … (+${whole.length - LONGEST})`
            : whole
      };
    });
    this.lines = this.lines.concat(fresh);
    const over = this.lines.length - KEPT;
    if (over > 0) {
      // A tenth more at once, so that not every batch copies everything.
      const cut = Math.min(this.lines.length, over + KEPT / 10);
      this.lines = this.lines.slice(cut);
      this.forgotten += cut;
      this._refilter();
    } else {
      this.shown = this._passes ? this.shown.concat(fresh.filter(this._passes)) : this.lines;
    }
  }

  filter(words: string, source: string): void {
    const needle = words.toLowerCase();
    this._passes =
      needle || source
        ? line => (!source || line.source === source) && line.text.toLowerCase().includes(needle)
        : null;
    this._refilter();
  }

  clear(): void {
    this.lines = this.shown = [];
    this.sources = new Set();
    this.dropped = this.forgotten = 0;
  }

  private _refilter(): void {
    this.shown = this._passes ? this.lines.filter(this._passes) : this.lines;
  }

  private _passes: ((line: ILine) => boolean) | null = null;
}
