import * as React from 'react';

import { IMemory, IStatus, PHASES_ENDED, readMemory, readStatus, record } from '../model';
import { Addresses } from './Addresses';
import { Chat } from './Chat';
import { ConfirmButton, ErrorNote, Root } from './controls';
import { Diagnoses } from './Diagnoses';
import { Events } from './Events';
import { Figures } from './Figures';
import { t, told } from './i18n';
import { LogView } from './LogView';
import { Measured, MemoryBars } from './Memory';
import { tone } from './phases';
import { Rehearsal } from './Rehearsal';
import { isPage, OpenPage } from './OpenPage';
import { PageSession } from './session';
import { PhaseChip, Tasks } from './Tasks';
import { Timeline } from './Timeline';
import { CraterError, ITransport } from './transport';

/** How often a job is asked for again while it is seen, seconds: pushes can be lost. */
const AGAIN = 2;
const AGAIN_ENDED = 15;

export interface IJobViewProps {
  name: string;
  backend: string;
  transport: ITransport;
  /** Shown until the first answer, and where there is none. */
  snapshot?: unknown;
  /** What is shown first. */
  tab?: Tab;
  /** Told after the job was deleted. */
  onDeleted?: () => void;
}

export const TABS = ['overview', 'log', 'events', 'chat'] as const;
export type Tab = (typeof TABS)[number];

/** One job, live: phases, tasks, addresses, memory, log, chat. */
export function JobView(props: IJobViewProps): JSX.Element {
  const { name, backend, transport, snapshot } = props;
  const { status, error, gone, load } = useJob(name, backend, transport, snapshot);
  const [tab, setTab] = React.useState<Tab>(props.tab ?? 'overview');
  const [failure, setFailure] = React.useState<CraterError | null>(null);
  const [working, setWorking] = React.useState(false);
  // Not the tab's: who looks at the log meanwhile finds the chat as it was, and its answer.
  const session = React.useMemo(
    () => new PageSession({ name, backend }, transport),
    [name, backend, transport]
  );
  React.useEffect(() => () => session.dispose(), [session]);

  if (!status) {
    return (
      <Root className="crater-Job">
        <strong>{name}</strong> {!error && t('Loading …')}
        <ErrorNote error={error} />
      </Root>
    );
  }
  const ended = PHASES_ENDED.has(status.phase);
  const act = (method: string, more: object = {}) => {
    setWorking(true);
    setFailure(null);
    transport
      .request(method, { name, backend, ...more })
      .then(
        () => (method === 'job.delete' ? props.onDeleted?.() : undefined),
        reason => setFailure(CraterError.from(reason))
      )
      .finally(() => {
        setWorking(false);
        load();
      });
  };

  return (
    <Root className="crater-Job">
      <header className="crater-Bar">
        <strong className="crater-Bar-title">{name}</strong>
        <PhaseChip phase={status.phase} />
        <span className="crater-Job-where">
          {status.template} · {status.backend}
          {status.attempt > 1 && ` · ${t('attempt {number}', { number: status.attempt })}`}
        </span>
      </header>
      {status.rehearsal.length > 0 && <Rehearsal status={status} />}
      {status.message && (
        <div
          className={`crater-Note${tone(status.phase) === 'bad' ? ' crater-mod-error' : ''}`}
          role="status"
        >
          {told(status.message)}
          {status.reason && <code className="crater-Job-reason">{status.reason}</code>}
        </div>
      )}
      {error && (
        <div className="crater-Note crater-mod-warning" role="status">
          {gone
            ? t('This job is no longer there. What you see is how it was.')
            : t('Not live: {message}', { message: told(error.message) })}
        </div>
      )}
      <Tabs tab={tab} onTab={setTab} />
      <div role="tabpanel" aria-label={tabName(tab)}>
        {tab === 'overview' && (
          <Overview status={status} backend={backend} transport={transport} onChanged={load} />
        )}
        {tab === 'log' && <LogView name={name} backend={backend} transport={transport} />}
        {tab === 'events' && (
          <Events
            name={name}
            backend={backend}
            state={`${status.phase} ${status.message} ${status.timeline.length}`}
            transport={transport}
          />
        )}
        {tab === 'chat' && <JobChat status={status} session={session} />}
      </div>
      <ErrorNote error={failure} />
      {!gone && (
        <footer className="crater-Bar">
          {status.lease !== null && !ended && (
            <ConfirmButton
              label={t('Extend by 1 h')}
              question={t('Keep {name} for another hour?', { name })}
              disabled={working}
              onConfirm={() => act('job.extend', { seconds: 3600 })}
            />
          )}
          {!ended && (
            <ConfirmButton
              label={t('Stop')}
              question={t('Stop {name}? Its log stays.', { name })}
              disabled={working}
              onConfirm={() => act('job.stop')}
            />
          )}
          <ConfirmButton
            label={t('Delete')}
            question={t('Delete {name} and everything of it?', { name })}
            disabled={working}
            onConfirm={() => act('job.delete')}
          />
        </footer>
      )}
    </Root>
  );
}

export function tabName(tab: Tab): string {
  return { overview: t('Overview'), log: t('Log'), events: t('Events'), chat: t('Chat') }[tab];
}

function Tabs({ tab, onTab }: { tab: Tab; onTab: (tab: Tab) => void }): JSX.Element {
  return (
    <div
      role="tablist"
      className="crater-Tabs"
      onKeyDown={event => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) {
          const next = (TABS.indexOf(tab) + step + TABS.length) % TABS.length;
          onTab(TABS[next]);
          (event.currentTarget.children[next] as HTMLElement).focus();
        }
      }}
    >
      {TABS.map(each => (
        <button
          key={each}
          role="tab"
          aria-selected={each === tab}
          tabIndex={each === tab ? 0 : -1}
          onClick={() => onTab(each)}
        >
          {tabName(each)}
        </button>
      ))}
    </div>
  );
}

/** Kept by the job's live state; nothing of it is asked for while nobody can see it. */
function useJob(name: string, backend: string, transport: ITransport, snapshot: unknown) {
  const [status, setStatus] = React.useState<IStatus | null>(() =>
    snapshot ? { ...readStatus(snapshot), name } : null
  );
  const [error, setError] = React.useState<CraterError | null>(null);
  const [tick, load] = React.useReducer((n: number) => n + 1, 0);
  const phase = status?.phase;

  React.useEffect(() => {
    let alive = true;
    let timer: ReturnType<typeof setTimeout>;
    const next = () => {
      const seconds = phase && PHASES_ENDED.has(phase) ? AGAIN_ENDED : AGAIN;
      timer = setTimeout(() => (document.hidden ? next() : load()), seconds * 1000);
    };
    transport.request('job.get', { name, backend }).then(
      value => {
        if (alive) {
          setStatus(readStatus(value));
          setError(null);
          next();
        }
      },
      reason => {
        if (alive) {
          setError(CraterError.from(reason));
          next();
        }
      }
    );
    return () => {
      alive = false;
      clearTimeout(timer);
    };
    // A new phase alone is no reason to ask again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [name, backend, transport, tick]);

  React.useEffect(
    () =>
      transport.subscribe('jobs', payload => {
        // A push that names another job is nothing to this one.
        const about = record(payload);
        if (!about.name || (about.name === name && (!backend || about.backend === backend))) {
          load();
        }
      }),
    [transport, name, backend]
  );
  React.useEffect(() => {
    const seen = () => !document.hidden && load();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
  return { status, error, gone: error?.kind === 'JobNotFound', load };
}

function Overview(props: {
  status: IStatus;
  backend: string;
  transport: ITransport;
  onChanged: () => void;
}): JSX.Element {
  const { status } = props;
  const memory = useMemory(status, props.backend, props.transport);
  return (
    <div className="crater-Overview">
      {status.phase === 'failed' && <Diagnoses {...props} onRelaunched={props.onChanged} />}
      <Addresses status={status} />
      {isPage(status) && <OpenPage {...props} />}
      <Figures status={status} />
      <Timeline status={status} />
      <Tasks status={status} />
      {memory?.plan && memory.plan.per_gpu.length > 0 && (
        <section aria-label={t('Memory')}>
          <h4>
            {t('Memory')}
            {status.rehearsal.length > 0 && (
              <span className="crater-dim"> {t('(of what was asked, not of the rehearsal)')}</span>
            )}
          </h4>
          <MemoryBars plan={memory.plan} />
          {memory.measured && status.rehearsal.length === 0 && (
            <Measured plan={memory.plan} measured={memory.measured} />
          )}
        </section>
      )}
    </div>
  );
}

/** Asked for at first and again when it serves: only then the engine has measured. */
function useMemory(status: IStatus, backend: string, transport: ITransport): IMemory | null {
  const [memory, setMemory] = React.useState<IMemory | null>(null);
  const { name } = status;
  const serving = status.phase === 'serving';
  React.useEffect(() => {
    let alive = true;
    transport.request('job.memory', { name, backend }).then(
      value => alive && setMemory(readMemory(value)),
      // The rest of the view stands without it.
      () => undefined
    );
    return () => {
      alive = false;
    };
  }, [name, backend, transport, serving]);
  return memory;
}

function JobChat(props: { status: IStatus; session: PageSession }): JSX.Element {
  const { status, session } = props;
  if (isPage(status)) {
    return <p className="crater-dim">{t('This job is a chat page itself: open it.')}</p>;
  }
  return status.phase === 'serving' || session.turns.length ? (
    <Chat name={status.name} session={session} />
  ) : (
    <p className="crater-dim">{t('The chat opens when the job serves.')}</p>
  );
}
