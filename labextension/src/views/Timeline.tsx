import * as React from 'react';

import { IForecast, IStatus, ITimelineEntry, PHASES_ENDED } from '../model';
import { useNow } from './controls';
import { clock, duration } from './format';
import { t, told } from './i18n';
import { phaseName, tone } from './phases';

/** How it got there, and how long it will still take. */
export function Timeline({ status }: { status: IStatus }): JSX.Element {
  const { timeline, phase, created, forecast } = status;
  const open = timeline.length > 0 && timeline[timeline.length - 1].ended === null;
  const running = open && !PHASES_ENDED.has(phase);
  const now = useNow(running);
  const start = timeline[0]?.started ?? created;
  const end = (entry: ITimelineEntry) => entry.ended ?? Math.max(now, entry.started);
  // "serving" goes on for hours: the bars tell how it got there.
  const bars = timeline.filter(
    entry => entry.phase !== 'serving' && !PHASES_ENDED.has(entry.phase)
  );
  const whole = Math.max(...bars.map(end), start + 1) - start;
  return (
    <section aria-label={t('Timeline')}>
      <h4>
        {t('Timeline')}
        {running && forecast && <small className="crater-dim"> {left(forecast)}</small>}
      </h4>
      {running && forecast?.late && (
        <p className="crater-Note crater-mod-warning" role="status">
          {told(forecast.late)}
        </p>
      )}
      <ol className="crater-Timeline">
        {timeline.map((entry, index) => (
          <li key={index} title={`${clock(entry.started)} ${told(entry.detail)}`}>
            <span className={`crater-Timeline-phase crater-tone-${tone(entry.phase)}`}>
              {phaseName(entry.phase)}
            </span>
            <span className="crater-Timeline-bar">
              {bars.includes(entry) && (
                <i
                  style={{
                    marginLeft: `${(100 * (entry.started - start)) / whole}%`,
                    width: `${Math.max(0.5, (100 * (end(entry) - entry.started)) / whole)}%`
                  }}
                />
              )}
              <small>{told(entry.detail)}</small>
            </span>
            <span className="crater-Timeline-time">
              {PHASES_ENDED.has(entry.phase)
                ? clock(entry.started)
                : duration(end(entry) - entry.started)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What is left, by earlier starts of the same job or by sizing. */
function left({ low, high, source: english }: IForecast): string {
  if (low === null || high === null) {
    return '';
  }
  const source = told(english);
  if (high <= 0) {
    return t('longer than {source}', { source });
  }
  const close = high - low < 0.2 * high || low <= 1;
  const time = close ? duration(high) : `${duration(low)} – ${duration(high)}`;
  return t('serving in about {time} ({source})', { time, source });
}
