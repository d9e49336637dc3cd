import * as React from 'react';

import type { IFinding, IPlan } from '../model';
import { count } from './format';
import { t, told } from './i18n';
import { MemoryBars } from './Memory';

export type ApplyFix = (set: Record<string, unknown>) => void;

/** Whether it fits, why not, and what would help. */
export function Verdict({ plan, onFix }: { plan: IPlan; onFix: ApplyFix }): JSX.Element {
  const tone = !plan.fits || !plan.legal ? 'bad' : 'good';
  const { tokens, low_tokens, high_tokens, max_concurrency } = plan.kv_cache;
  return (
    <section className="crater-Verdict" aria-label={t('Does it fit?')} aria-live="polite">
      <p className={`crater-Verdict-word crater-tone-${tone}`}>
        {!plan.fits
          ? t('It does not fit')
          : plan.legal
            ? t('It fits')
            : t('It fits, but would not start')}
      </p>
      <p>
        {t('{model} on {gpus} × {gpu}: TP {tp} × PP {pp}, {engine}', {
          model: plan.model.id.split('/').pop() ?? '',
          gpus: plan.nodes * plan.gpus_per_node,
          gpu: plan.gpu.name,
          tp: plan.tensor_parallel,
          pp: plan.pipeline_parallel,
          engine: `${plan.engine.name} ${plan.engine.version}`
        })}
      </p>
      <MemoryBars plan={plan} />
      {plan.fits && tokens !== null && (
        <p>
          {t('Room for {tokens} tokens ({low} to {high})', {
            tokens: count(tokens),
            low: count(low_tokens ?? tokens),
            high: count(high_tokens ?? tokens)
          })}
          {max_concurrency !== null &&
            `: ${t('{count} requests of full length at once', { count: count(max_concurrency) })}`}
        </p>
      )}
      <Findings findings={plan.findings} onFix={onFix} />
      {plan.assumed.length > 0 && (
        <details>
          <summary>{t('What was assumed ({count})', { count: plan.assumed.length })}</summary>
          <ul>
            {plan.assumed.map((line, index) => (
              <li key={index}>{told(line)}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

export function Findings(props: { findings: IFinding[]; onFix: ApplyFix }): JSX.Element {
  const order = { error: 0, warning: 1, info: 2 };
  const names = { error: t('Error'), warning: t('Warning'), info: t('Note') };
  const sorted = [...props.findings].sort((a, b) => order[a.severity] - order[b.severity]);
  return (
    <ul className="crater-Findings">
      {sorted.map(finding => (
        <li
          key={finding.rule + finding.message}
          className={`crater-Note crater-mod-${finding.severity}`}
        >
          <b>{names[finding.severity]}:</b> {told(finding.message)}
          {finding.because && <div className="crater-Note-hint">{told(finding.because)}</div>}
          {finding.fixes.map(fix => (
            <button
              key={fix.label}
              className="crater-Button"
              title={Object.entries(fix.set)
                .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
                .join(', ')}
              onClick={() => props.onFix(fix.set)}
            >
              {told(fix.label)}
            </button>
          ))}
        </li>
      ))}
    </ul>
  );
}

/** Other ways over the same GPUs, and why the rest fail. */
export function Alternatives(props: { plan: IPlan; onFix: ApplyFix }): JSX.Element | null {
  const { alternatives } = props.plan;
  if (!alternatives.length) {
    return null;
  }
  const cell = (value: unknown) => (typeof value === 'number' ? count(value) : '–');
  return (
    <section className="crater-Scroll" aria-label={t('Alternatives')}>
      <h4>{t('Alternatives')}</h4>
      <table className="crater-Table">
        <thead>
          <tr>
            <th>{t('GPUs')}</th>
            <th>TP × PP</th>
            <th>{t('Context')}</th>
            <th>{t('KV cache tokens')}</th>
            <th>{t('At once')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {alternatives.map((other, index) => (
            <tr key={index}>
              <td>
                {cell(other.gpus)} × {String(other.gpu as string)}
              </td>
              <td>
                {cell(other.tensor_parallel)} × {cell(other.pipeline_parallel)}
              </td>
              {other.fits ? (
                <>
                  <td>{cell(other.max_model_len)}</td>
                  <td>{cell(other.tokens)}</td>
                  <td>{cell(other.max_concurrency)}</td>
                  <td>
                    <button
                      className="crater-Button"
                      onClick={() => props.onFix(choice(other, props.plan))}
                    >
                      {t('Use')}
                    </button>
                  </td>
                </>
              ) : (
                <td colSpan={4} className="crater-dim">
                  {told(String(other.because as string))}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The settings of an alternative; a shorter context only where the asked one is too long. */
function choice(other: Record<string, unknown>, plan: IPlan): Record<string, unknown> {
  const nodes = Number(other.nodes) || 1;
  const set: Record<string, unknown> = {
    nodes,
    gpus_per_node: Number(other.gpus) / nodes,
    tensor_parallel: other.tensor_parallel,
    pipeline_parallel: other.pipeline_parallel
  };
  const longest = Number(other.max_model_len);
  if (plan.max_model_len !== null && longest < plan.max_model_len) {
    set.max_model_len = longest;
  }
  return set;
}
