import * as React from 'react';

import type { IStatus } from '../model';
import { t } from './i18n';

/** How many answers a sparkline shows. */
const KEPT = 60;
const WIDTH = 120;
const HEIGHT = 24;

type Sample = Record<string, number>;

/** What the engine says of itself, with the last minutes as small lines. */
export function Figures({ status }: { status: IStatus }): JSX.Element | null {
  const samples = useSamples(status);
  const now = samples[samples.length - 1];
  if (!now || status.phase !== 'serving') {
    return null;
  }
  const rows: [string, string, string][] = [
    ['running', t('Running'), whole(now.running)],
    ['waiting', t('Waiting'), whole(now.waiting)],
    ['kv_use', t('KV cache'), now.kv_use === undefined ? '–' : `${whole(100 * now.kv_use)} %`],
    ['rate', t('Tokens/s'), now.rate === undefined ? '–' : now.rate.toFixed(1)],
    ['ttft', t('First token'), now.ttft === undefined ? '–' : `${now.ttft.toFixed(2)} s`]
  ];
  return (
    <section aria-label={t('Engine')} className="crater-Figures">
      <h4>{t('Engine')}</h4>
      <dl>
        {rows.map(([figure, label, value]) => (
          <div key={figure}>
            <dt>{label}</dt>
            <dd>
              <span className="crater-Figure">{value}</span>
              <Sparkline values={samples.map(sample => sample[figure] ?? 0)} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The answers so far, each with the tokens a second since the one before. */
function useSamples(status: IStatus): Sample[] {
  const [samples, setSamples] = React.useState<Sample[]>([]);
  const { metrics } = status;
  React.useEffect(() => {
    if (!metrics) {
      return;
    }
    setSamples(before => [...before, withRate(metrics, before[before.length - 1])].slice(-KEPT));
  }, [metrics]);
  return samples;
}

export function withRate(metrics: Sample, before: Sample | undefined, now = Date.now()): Sample {
  const sample = { ...metrics, at: now };
  const grown = (metrics.generation_tokens ?? 0) - (before?.generation_tokens ?? 0);
  // An engine that was started again counts from zero.
  return before && now > before.at && grown >= 0
    ? { ...sample, rate: (1000 * grown) / (now - before.at) }
    : sample;
}

function whole(value: number | undefined): string {
  return value === undefined ? '–' : Math.round(value).toString();
}

function Sparkline({ values }: { values: number[] }): JSX.Element {
  const top = Math.max(...values, 1e-9);
  const step = WIDTH / (KEPT - 1);
  const left = WIDTH - step * (values.length - 1);
  const points = values.map(
    (value, n) =>
      `${(left + n * step).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`
  );
  return (
    <svg
      className="crater-Sparkline"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}
