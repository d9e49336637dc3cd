import * as React from 'react';

import { ErrorNote } from './controls';
import { copy, count, download } from './format';
import { t } from './i18n';
import { LogBuffer } from './logbuffer';
import { CraterError, ITransport } from './transport';

/** Height of a line, as in views.css. */
const ROW = 18;
/** Lines drawn above and below what is seen. */
const MARGIN = 20;

export interface ILogViewProps {
  name: string;
  backend: string;
  transport: ITransport;
}

/** The merged log of a job. Only what is seen is in the page, however long the log. */
export function LogView({ name, backend, transport }: ILogViewProps): JSX.Element {
  const [words, setWords] = React.useState('');
  const [source, setSource] = React.useState('');
  const [following, follow] = React.useState(true);
  const [again, retry] = React.useReducer((n: number) => n + 1, 0);
  const { buffer, error, ended } = useLog(name, backend, transport, again);
  const [window_, setWindow] = React.useState({ top: 0, height: 300 });
  const box = React.useRef<HTMLDivElement>(null);

  React.useMemo(() => buffer.filter(words, source), [buffer, words, source]);
  const lines = buffer.shown;

  React.useLayoutEffect(() => {
    if (following && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  });

  const first = Math.max(0, Math.floor(window_.top / ROW) - MARGIN);
  const last = Math.min(lines.length, Math.ceil((window_.top + window_.height) / ROW) + MARGIN);
  const all = () => lines.map(line => `${line.source}: ${line.text}`).join('\n') + '\n';

  return (
    <section className="crater-Log" aria-label={t('Log')}>
      <div className="crater-Bar">
        <input
          type="search"
          aria-label={t('Filter the log')}
          placeholder={t('Filter')}
          value={words}
          onChange={event => setWords(event.currentTarget.value)}
        />
        <select
          aria-label={t('Task')}
          value={source}
          onChange={event => setSource(event.currentTarget.value)}
        >
          <option value="">{t('all tasks')}</option>
          {[...buffer.sources].sort().map(each => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
        <label>
          <input
            type="checkbox"
            checked={following}
            onChange={event => follow(event.currentTarget.checked)}
          />
          {t('Follow')}
        </label>
        <button className="crater-Button crater-mod-quiet" onClick={() => void copy(all())}>
          {t('Copy')}
        </button>
        <button
          className="crater-Button crater-mod-quiet"
          onClick={() => download(`${name}.log`, all())}
        >
          {t('Save')}
        </button>
        <span className="crater-Log-count" role="status">
          {summary(buffer, lines.length)}
        </span>
      </div>
      <ErrorNote error={error} />
      <div
        className="crater-Log-box"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={t('Log lines')}
        onScroll={event => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          setWindow({ top: scrollTop, height: clientHeight });
          follow(scrollHeight - scrollTop - clientHeight < ROW * 2);
        }}
      >
        <div style={{ height: lines.length * ROW, position: 'relative' }}>
          <div style={{ position: 'absolute', top: first * ROW, minWidth: '100%' }}>
            {lines.slice(first, last).map((line, index) => (
              <div key={first + index} className="crater-Log-line">
                <b>{line.source}</b> {line.text}
              </div>
            ))}
          </div>
        </div>
        {!lines.length && !error && (
          <p className="crater-Log-empty">
            {buffer.lines.length ? t('No line passes the filter.') : t('No log lines yet.')}
          </p>
        )}
      </div>
      {(ended || error) && (
        <button className="crater-Button crater-mod-quiet" onClick={retry}>
          {t('Read again')}
        </button>
      )}
    </section>
  );
}

function summary(buffer: LogBuffer, shown: number): string {
  const total = buffer.lines.length + buffer.forgotten;
  const parts = [
    shown === total
      ? t('{count} lines', { count: count(total) })
      : t('{shown} of {count} lines', { shown: count(shown), count: count(total) })
  ];
  if (buffer.dropped) {
    parts.push(t('{count} left out of a flood', { count: count(buffer.dropped) }));
  }
  if (buffer.forgotten) {
    parts.push(t('the oldest {count} no longer kept', { count: count(buffer.forgotten) }));
  }
  return parts.join(' · ');
}

/** Follows the log while mounted; renders once a frame whatever comes. */
function useLog(name: string, backend: string, transport: ITransport, again: number) {
  const [, render] = React.useReducer((n: number) => n + 1, 0);
  const [error, setError] = React.useState<CraterError | null>(null);
  const [ended, setEnded] = React.useState(false);
  const buffer = React.useRef(new LogBuffer());

  React.useEffect(() => {
    const abort = new AbortController();
    let frame = 0;
    setError(null);
    setEnded(false);
    buffer.current.clear();
    transport
      .stream(
        'job.log',
        { name, backend },
        item => {
          buffer.current.append(item);
          frame ||= requestAnimationFrame(() => {
            frame = 0;
            render();
          });
        },
        abort.signal
      )
      .then(
        () => !abort.signal.aborted && setEnded(true),
        reason => !abort.signal.aborted && setError(CraterError.from(reason))
      );
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [name, backend, transport, again]);

  return { buffer: buffer.current, error, ended };
}
