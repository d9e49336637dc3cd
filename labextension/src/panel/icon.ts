import { LabIcon } from '@jupyterlab/ui-components';

/** A crater seen from above: its rim, its shadow, its central peak. */
export const craterIcon = new LabIcon({
  name: 'jupyter-crater:icon',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path fill-rule="evenodd" d="M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20zm0 2.6a7.4 7.4 0 1 1 0 14.8a7.4 7.4 0 1 1 0-14.8z"/>
    <path d="M12 6.6A5.4 5.4 0 0 0 6.6 12c0 .6.1 1.2.3 1.7A6.2 6.2 0 0 1 17.1 10.2A5.4 5.4 0 0 0 12 6.6z"/>
    <circle cx="12.6" cy="13.8" r="1.9"/>
  </g>
</svg>`
});
