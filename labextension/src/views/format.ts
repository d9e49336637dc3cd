import { t } from './i18n';

/** Seconds as people say them: 0.4 s, 12 s, 3 min 5 s, 2 h 4 min, 3 d 2 h. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 9.95) {
    return `${s.toFixed(1)} s`;
  }
  const whole = Math.round(s);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  if (whole < 86400) {
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  }
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export function clock(epoch: number): string {
  return new Date(epoch * 1000).toLocaleTimeString();
}

/** GiB with as many digits as matter. */
export function gib(value: number): string {
  return `${value.toFixed(Math.abs(value) < 9.95 ? 2 : 1)} GiB`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

/**
 * Untrusted text with what could disturb a terminal, a page or a reader made visible: control
 * characters, and those that reorder text (a path that reads backwards).
 */
export function plain(value: string): string {
  return (
    value
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
      .replace(/\r\n?/g, '\n')
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
  );
}

/** `url` if a click on it does nothing but open a page, else null. */
export function safeUrl(url: string): string | null {
  try {
    const { protocol } = new URL(url, 'https://relative.invalid/');
    const absolute = /^[a-z][a-z0-9+.-]*:/i.test(url.trim());
    return absolute && ['http:', 'https:', 'mailto:'].includes(protocol) ? url.trim() : null;
  } catch {
    return null;
  }
}

export async function copy(value: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    // Hubs on plain http have no clipboard API.
    const area = document.createElement('textarea');
    area.value = value;
    area.style.position = 'fixed';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (!done) {
      throw new Error(t('The browser refused to copy.'));
    }
  }
}

/** Offer `value` as a file of that name. */
export function download(name: string, value: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([value], { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
