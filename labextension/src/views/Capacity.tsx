import * as React from 'react';

import { list, number, record, text } from '../model';
import { ErrorNote } from './controls';
import { t } from './i18n';
import { CraterError, ITransport } from './transport';

interface IAmount {
  name: string;
  total: number | null;
  free: number | null;
}

interface ICapacity {
  message: string;
  gpus: IAmount[];
  nodes: (IAmount & { gpu: string; open: boolean })[];
  quotas: IAmount[];
}

function amount(name: unknown, total: unknown, free: unknown): IAmount {
  return { name: text(name), total: number(total), free: number(free) };
}

export function readCapacity(value: unknown): ICapacity | null {
  const found = record(value).capacity;
  if (found === null || found === undefined) {
    return null;
  }
  const data = record(found);
  return {
    message: text(data.message),
    gpus: list(data.gpus)
      .map(record)
      .map(row => amount(row.gpu ?? row.resource, row.total, row.free)),
    nodes: list(data.nodes)
      .map(record)
      .map(row => ({
        ...amount(row.node, row.total, row.free),
        gpu: text(row.gpu ?? row.resource),
        open: row.open !== false
      })),
    quotas: list(data.quotas)
      .map(record)
      .map(row => amount(`${text(row.quota)} ${text(row.resource)}`, row.hard, row.free))
  };
}

/** The GPUs of a backend, as far as it tells. */
export function Capacity(props: { backend: string; transport: ITransport }): JSX.Element {
  const { backend, transport } = props;
  const [found, setFound] = React.useState<ICapacity | null | undefined>(undefined);
  const [error, setError] = React.useState<CraterError | null>(null);
  const [tick, load] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    let alive = true;
    transport.request('capacity', { backend }).then(
      value => {
        if (alive) {
          setFound(readCapacity(value));
          setError(null);
        }
      },
      reason => alive && setError(CraterError.from(reason))
    );
    return () => {
      alive = false;
    };
  }, [transport, backend, tick]);
  return (
    <section className="crater-Capacity" aria-label={backend}>
      <header className="crater-Bar">
        <h4 className="crater-Bar-title">{backend}</h4>
        <button
          className="crater-Button crater-mod-quiet"
          aria-label={t('Ask {name} again', { name: backend })}
          onClick={load}
        >
          {t('Refresh')}
        </button>
      </header>
      <ErrorNote error={error} />
      {found === undefined && !error && <p className="crater-dim">{t('Loading …')}</p>}
      {found === null && (
        <p className="crater-dim">{t('This backend doesn’t tell its capacity.')}</p>
      )}
      {found?.message && <div className="crater-Note">{found.message}</div>}
      {found && <Amounts title={t('GPUs')} rows={found.gpus} />}
      {found && <Amounts title={t('Quotas')} rows={found.quotas} />}
      {found && (
        <Amounts
          title={t('Nodes')}
          rows={found.nodes.map(node => ({
            ...node,
            name: `${node.name} · ${node.gpu}${node.open ? '' : ` · ${t('closed')}`}`
          }))}
        />
      )}
    </section>
  );
}

function Amounts({ title, rows }: { title: string; rows: IAmount[] }): JSX.Element | null {
  if (!rows.length) {
    return null;
  }
  return (
    <table className="crater-Table">
      <thead>
        <tr>
          <th>{title}</th>
          <th>{t('free')}</th>
          <th>{t('total')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            <th scope="row">{row.name}</th>
            <td>{row.free ?? '–'}</td>
            <td>{row.total ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
