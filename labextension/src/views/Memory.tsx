import * as React from 'react';

import type { IPlan, IRank } from '../model';
import { count, gib } from './format';
import { t } from './i18n';

/** CUDA graphs last: engines that don't count them into the budget put them on top of it. */
const PARTS = ['weights', 'activations', 'other', 'kv_cache', 'cuda_graphs'] as const;

function partName(part: (typeof PARTS)[number]): string {
  return {
    weights: t('weights'),
    activations: t('activations'),
    cuda_graphs: t('CUDA graphs'),
    other: t('other'),
    kv_cache: t('KV cache')
  }[part];
}

/** What each GPU holds, as one stacked bar per rank; equal ranks share one. */
export function MemoryBars({ plan }: { plan: IPlan }): JSX.Element | null {
  const groups = group(plan.per_gpu);
  if (!groups.length) {
    return null;
  }
  return (
    <div className="crater-Memory">
      {groups.map(({ rank, ranks }) => (
        <Bar key={ranks} rank={rank} label={ranks} capacity={plan.gpu.memory_gib} />
      ))}
      <ul className="crater-Legend">
        {PARTS.map(part => (
          <li key={part}>
            <i className={`crater-part-${part}`} /> {partName(part)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Bar(props: { rank: IRank; label: string; capacity: number | null }): JSX.Element {
  const { rank } = props;
  const used = PARTS.map(part => Math.max(0, rank[`${part}_gib`]));
  const total = used.reduce((sum, value) => sum + value, 0);
  const whole = Math.max(total, rank.budget_gib, props.capacity ?? 0) || 1;
  const words = PARTS.map((part, index) => `${partName(part)} ${gib(used[index])}`).join(', ');
  const label = t('GPU {ranks}: {parts}; budget {budget}', {
    ranks: props.label,
    parts: words,
    budget: gib(rank.budget_gib)
  });
  return (
    <div className="crater-Memory-row">
      <span>{t('GPU {ranks}', { ranks: props.label })}</span>
      <div className="crater-Memory-bar" role="img" aria-label={label} title={label}>
        {PARTS.map((part, index) => (
          <i
            key={part}
            className={`crater-part-${part}`}
            style={{ width: `${(100 * used[index]) / whole}%` }}
          />
        ))}
        <b style={{ left: `${(100 * rank.budget_gib) / whole}%` }} title={t('budget')} />
      </div>
      <span>{gib(total)}</span>
    </div>
  );
}

/** Neighbours with the same figures in one row: "0–3". */
function group(ranks: IRank[]): { rank: IRank; ranks: string }[] {
  const groups: { rank: IRank; first: number; last: number; key: string }[] = [];
  for (const rank of ranks) {
    const key = PARTS.map(part => rank[`${part}_gib`].toFixed(2)).join();
    const before = groups.at(-1);
    if (before?.key === key) {
      before.last = rank.rank;
    } else {
      groups.push({ rank, first: rank.rank, last: rank.rank, key });
    }
  }
  return groups.map(({ rank, first, last }) => ({
    rank,
    ranks: first === last ? String(first) : `${first}–${last}`
  }));
}

/** What was predicted beside what the engine said, for the fullest GPU. */
export function Measured(props: {
  plan: IPlan;
  measured: Record<string, number>;
}): JSX.Element | null {
  const { plan, measured } = props;
  const predicted: Record<string, number | null> = {
    weights_gib: Math.max(...plan.per_gpu.map(rank => rank.weights_gib)),
    activations_gib: Math.max(...plan.per_gpu.map(rank => rank.activations_gib)),
    cuda_graphs_gib: Math.max(...plan.per_gpu.map(rank => rank.cuda_graphs_gib)),
    kv_cache_gib: Math.min(...plan.per_gpu.map(rank => rank.kv_cache_gib)),
    tokens: plan.kv_cache.tokens,
    max_concurrency: plan.kv_cache.max_concurrency
  };
  const names: Record<string, string> = {
    weights_gib: partName('weights'),
    activations_gib: partName('activations'),
    cuda_graphs_gib: partName('cuda_graphs'),
    kv_cache_gib: partName('kv_cache'),
    tokens: t('KV cache tokens'),
    max_concurrency: t('full-length requests at once')
  };
  const rows = Object.keys(names).filter(key => key in measured);
  if (!rows.length) {
    return null;
  }
  const say = (key: string, value: number | null) =>
    value === null || !Number.isFinite(value)
      ? '–'
      : key.endsWith('_gib')
        ? gib(value)
        : count(value);
  return (
    <table className="crater-Table">
      <thead>
        <tr>
          <th />
          <th>{t('predicted')}</th>
          <th>{t('measured')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(key => (
          <tr key={key}>
            <th scope="row">{names[key]}</th>
            <td>{say(key, predicted[key])}</td>
            <td>{say(key, measured[key])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
