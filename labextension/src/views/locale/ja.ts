import type { Words } from '../i18n';

export const ja: Words = {};
