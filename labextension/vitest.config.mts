import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The views are tested with what the widgets ship.
    alias: {
      'react-dom/client': 'preact/compat/client',
      'react-dom': 'preact/compat',
      react: 'preact/compat'
    }
  },
  test: { environment: 'jsdom', include: ['tests/**/*.test.{ts,tsx}'] }
});
