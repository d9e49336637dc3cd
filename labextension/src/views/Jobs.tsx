import * as React from 'react';

import { IStatus, list, readStatus, record } from '../model';
import { ErrorNote, Root } from './controls';
import { t } from './i18n';
import { JobView } from './JobView';
import { PhaseChip } from './Tasks';
import { CraterError, ITransport } from './transport';

const AGAIN = 2;

/** All jobs of all backends; the chosen one opens below. */
export function Jobs(props: { transport: ITransport; chosen?: string }): JSX.Element {
  const { transport } = props;
  const { jobs, error, load } = useJobs(transport);
  const [chosen, choose] = React.useState(props.chosen ?? '');
  const [words, setWords] = React.useState('');
  const open = jobs?.find(job => key(job) === chosen || job.name === chosen);
  const shown = jobs?.filter(job =>
    `${job.name} ${job.template} ${job.backend} ${job.phase}`
      .toLowerCase()
      .includes(words.toLowerCase())
  );
  return (
    <Root className="crater-Jobs">
      <header className="crater-Bar">
        <strong className="crater-Bar-title">{t('Jobs')}</strong>
        <input
          type="search"
          aria-label={t('Filter the jobs')}
          placeholder={t('Filter')}
          value={words}
          onChange={event => setWords(event.currentTarget.value)}
        />
      </header>
      <ErrorNote error={error} />
      {shown?.length === 0 && (
        <p className="crater-dim">{words ? t('No job passes the filter.') : t('No jobs yet.')}</p>
      )}
      <ul className="crater-Jobs-list">
        {shown?.map(job => (
          <li key={key(job)}>
            <button
              aria-expanded={job === open}
              onClick={() => choose(job === open ? '' : key(job))}
            >
              <span>{job.name}</span>
              <PhaseChip phase={job.phase} />
              <small>
                {job.backend}
                {job.head_ip && ` · ${job.head_ip}`}
              </small>
            </button>
          </li>
        ))}
      </ul>
      {open && (
        <JobView
          key={key(open)}
          name={open.name}
          backend={open.backend}
          snapshot={open}
          transport={transport}
          onDeleted={load}
        />
      )}
    </Root>
  );
}

function key(job: IStatus): string {
  return `${job.backend}/${job.name}`;
}

function useJobs(transport: ITransport) {
  const [jobs, setJobs] = React.useState<IStatus[] | null>(null);
  const [error, setError] = React.useState<CraterError | null>(null);
  const [tick, load] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    let alive = true;
    let timer: ReturnType<typeof setTimeout>;
    const next = () => {
      timer = setTimeout(() => (document.hidden ? next() : load()), AGAIN * 1000);
    };
    transport
      .request('jobs.list', {})
      .then(
        value => {
          if (alive) {
            setJobs(list(record(value).jobs).map(readStatus));
            setError(null);
          }
        },
        reason => alive && setError(CraterError.from(reason))
      )
      .finally(() => alive && next());
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [transport, tick]);
  React.useEffect(() => transport.subscribe('jobs', load), [transport]);
  return { jobs, error, load };
}
