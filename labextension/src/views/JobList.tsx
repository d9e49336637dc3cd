import * as React from 'react';

import type { IStatus } from '../model';
import { CopyButton, ErrorNote } from './controls';
import { t, told } from './i18n';
import { IGroup, JobStore, key } from './jobstore';
import { isPage } from './OpenPage';
import { PhaseChip } from './Tasks';
import type { CraterError } from './transport';

/** Heights of the rows, px, as in views.css. */
const GROUP = 28;
const JOB = 50;
/** Rows drawn above and below what is seen. */
const MARGIN = 6;

export interface IJobListProps {
  store: JobStore;
  /** The job that is shown elsewhere, as its key. */
  chosen?: string;
  onOpen: (job: IStatus) => void;
  /** A row was pressed: it may become a drag. */
  onPress?: (job: IStatus, event: React.MouseEvent) => void;
  /** Said where there are no jobs. */
  empty?: React.ReactNode;
}

type Row =
  | { top: number; group: string; count: number }
  | { top: number; error: CraterError }
  | { top: number; job: IStatus; place: number };

/** All jobs by backend, with a filter. However many there are, only what is seen is in the page. */
export function JobList(props: IJobListProps): JSX.Element {
  const { store } = props;
  const [, render] = React.useReducer((n: number) => n + 1, 0);
  const [words, setWords] = React.useState('');
  React.useEffect(() => store.onChange(render), [store]);
  React.useEffect(() => store.watch(), [store]);
  const { groups } = store;
  const { rows, jobs, height } = React.useMemo(() => lay(groups ?? [], words), [groups, words]);
  return (
    <div className="crater-JobList">
      <input
        className="crater-JobList-filter"
        type="search"
        aria-label={t('Filter the jobs')}
        placeholder={t('Filter')}
        value={words}
        onChange={event => setWords(event.currentTarget.value)}
      />
      <ErrorNote error={store.error} />
      {!groups && !store.error && <p className="crater-dim">{t('Loading …')}</p>}
      {groups && !jobs.length && (
        <div className="crater-dim" role="status">
          {words ? t('No job passes the filter.') : (props.empty ?? t('No jobs yet.'))}
        </div>
      )}
      <Rows {...props} rows={rows} jobs={jobs} height={height} />
    </div>
  );
}

function lay(groups: IGroup[], words: string) {
  const rows: Row[] = [];
  const jobs: Extract<Row, { place: number }>[] = [];
  const wanted = words.toLowerCase();
  let top = 0;
  for (const group of groups) {
    const shown = group.jobs.filter(
      job =>
        !wanted ||
        `${job.name} ${job.template} ${job.backend} ${job.phase} ${job.head_ip ?? ''}`
          .toLowerCase()
          .includes(wanted)
    );
    if (!shown.length && !group.error) {
      continue;
    }
    rows.push({ top, group: group.backend || t('Jobs'), count: shown.length });
    top += GROUP;
    if (group.error) {
      rows.push({ top, error: group.error });
      top += JOB;
    }
    for (const job of shown) {
      const row = { top, job, place: jobs.length };
      rows.push(row);
      jobs.push(row);
      top += JOB;
    }
  }
  return { rows, jobs, height: top };
}

function Rows(
  props: IJobListProps & {
    rows: Row[];
    jobs: Extract<Row, { place: number }>[];
    height: number;
  }
): JSX.Element {
  const { rows, jobs } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const [seen, setSeen] = React.useState({ top: 0, height: 600 });
  // The row that Tab comes to; the arrow keys move it.
  const [active, setActive] = React.useState(0);
  const moved = React.useRef(false);
  const at = Math.min(active, jobs.length - 1);

  React.useLayoutEffect(() => {
    const element = box.current!;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight || 600 });
    look();
    if (typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  React.useEffect(() => {
    if (moved.current) {
      moved.current = false;
      box.current?.querySelector<HTMLElement>(`[data-place="${at}"] button`)?.focus();
    }
  });

  const move = (event: React.KeyboardEvent) => {
    const page = Math.max(1, Math.floor(seen.height / JOB) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
    const ends: Record<string, number> = { Home: 0, End: jobs.length - 1 };
    const to = step ? at + step : ends[event.key];
    const next = to === undefined ? -1 : Math.max(0, Math.min(jobs.length - 1, to));
    if (next < 0) {
      return;
    }
    event.preventDefault();
    moved.current = true;
    const element = box.current!;
    const { top } = jobs[next];
    element.scrollTop = Math.min(
      Math.max(element.scrollTop, top + JOB - element.clientHeight),
      next ? top : 0
    );
    setSeen({ top: element.scrollTop, height: element.clientHeight });
    setActive(next);
  };

  const low = seen.top - MARGIN * JOB;
  const high = seen.top + seen.height + MARGIN * JOB;
  const drawn = rows.filter(
    row => (row.top + JOB > low && row.top < high) || ('place' in row && row.place === at)
  );
  return (
    <div
      className="crater-JobList-box"
      ref={box}
      onScroll={event => {
        const { scrollTop, clientHeight } = event.currentTarget;
        setSeen({ top: scrollTop, height: clientHeight });
      }}
      onKeyDown={move}
    >
      <ul role="list" aria-label={t('Jobs')} style={{ height: props.height }}>
        {drawn.map(row =>
          'group' in row ? (
            <li key={`group ${row.group}`} className="crater-JobList-group" style={put(row)}>
              {row.group} <span className="crater-dim">{row.count}</span>
            </li>
          ) : 'error' in row ? (
            <li
              key={`error ${row.top}`}
              className="crater-JobList-error"
              style={put(row)}
              title={told(row.error.message)}
            >
              {told(row.error.message)}
            </li>
          ) : (
            <JobRow
              key={key(row.job)}
              job={row.job}
              top={row.top}
              place={row.place}
              active={row.place === at}
              chosen={key(row.job) === props.chosen}
              onOpen={props.onOpen}
              onPress={props.onPress}
            />
          )
        )}
      </ul>
    </div>
  );
}

const put = (row: { top: number }) => ({ transform: `translateY(${row.top}px)` });

const JobRow = React.memo(function JobRow(
  props: Pick<IJobListProps, 'onOpen' | 'onPress'> & {
    job: IStatus;
    top: number;
    place: number;
    active: boolean;
    chosen: boolean;
  }
): JSX.Element {
  const { job, place } = props;
  const tabIndex = props.active ? 0 : -1;
  return (
    <li
      className={`crater-JobRow${props.chosen ? ' crater-mod-chosen' : ''}`}
      style={put(props)}
      data-place={place}
      data-name={job.name}
      data-backend={job.backend}
      onMouseDown={event => props.onPress?.(job, event)}
    >
      <div>
        <button
          className="crater-JobRow-open"
          tabIndex={tabIndex}
          aria-current={props.chosen || undefined}
          title={told(job.message) || job.name}
          onClick={() => props.onOpen(job)}
        >
          {job.name}
        </button>
        <PhaseChip phase={job.phase} />
      </div>
      <div>
        <small className="crater-dim">{job.template}</small>
        {job.head_ip && (
          <>
            <code>{job.head_ip}</code>
            <CopyButton
              value={job.head_ip}
              label={t('Copy the head IP of {name}', { name: job.name })}
              tabIndex={tabIndex}
            />
          </>
        )}
        {/* A page is opened from its view, which signs in. */}
        {job.url && !isPage(job) && /^(https?:\/\/|\/(?!\/))/.test(job.url) && (
          <a
            className="crater-Button crater-mod-quiet"
            href={job.url}
            target="_blank"
            rel="noopener noreferrer"
            tabIndex={tabIndex}
            aria-label={t('Open the URL of {name}', { name: job.name })}
          >
            {t('Open')}
          </a>
        )}
      </div>
    </li>
  );
});
