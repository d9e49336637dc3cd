import * as React from 'react';

import { list, number, record, text } from '../model';
import { ErrorNote } from './controls';
import { clock, plain } from './format';
import { t, told } from './i18n';
import { phaseName } from './phases';
import { CraterError, ITransport } from './transport';

interface IEvent {
  time: number;
  task: string;
  what: string;
  message: string;
}

/** More than anyone reads; the whole is in `jupyter crater events`. */
const SHOWN = 500;

export function readEvents(value: unknown): IEvent[] {
  return list(record(value).events).map(item => {
    const data = record(item);
    const task = text(data.task);
    const index = number(data.index);
    const reason = text(data.reason);
    return {
      time: number(data.time) ?? 0,
      task: task && index ? `${task}-${index}` : task,
      what: data.kind === 'phase' ? phaseName(reason) : reason || text(data.kind),
      message: text(data.message)
    };
  });
}

/** What was observed of a job, the newest first. */
export function Events(props: {
  name: string;
  backend: string;
  /** Another one: something happened. */
  state: string;
  transport: ITransport;
}): JSX.Element {
  const { name, backend, state, transport } = props;
  const [events, setEvents] = React.useState<IEvent[] | null>(null);
  const [error, setError] = React.useState<CraterError | null>(null);
  React.useEffect(() => {
    let alive = true;
    transport.request('job.events', { name, backend }).then(
      value => {
        if (alive) {
          setEvents(readEvents(value).reverse());
          setError(null);
        }
      },
      reason => alive && setError(CraterError.from(reason))
    );
    return () => {
      alive = false;
    };
  }, [name, backend, state, transport]);
  return (
    <section
      className="crater-Events crater-Scroll"
      aria-label={t('Events')}
      tabIndex={0}
      role="region"
    >
      <ErrorNote error={error} />
      {!events && !error && <p>{t('Loading …')}</p>}
      {events?.length === 0 && <p className="crater-dim">{t('No events yet.')}</p>}
      {!!events?.length && (
        <table className="crater-Table">
          <thead>
            <tr>
              <th>{t('Time')}</th>
              <th>{t('Task')}</th>
              <th>{t('What')}</th>
              <th>{t('Message')}</th>
            </tr>
          </thead>
          <tbody>
            {events.slice(0, SHOWN).map((event, index) => (
              <tr key={events.length - index}>
                <td>{clock(event.time)}</td>
                <td>{event.task || '–'}</td>
                <td>{plain(event.what)}</td>
                <td>{plain(told(event.message))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
