import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const OUT = '../src/codex_lb/dashboard/static/app'
const SERVICE = process.env.CODEX_LB_URL ?? 'http://127.0.0.1:2455'
const WORTH_PACKING = 1024 // bytes

// Few files rather than many: each is a round trip. The login page takes only the first.
const BOTH = {
  name: 'both',
  test: /src\/(api\/(client|problem|session)|lib\/(facts|texts|store)|login\/(steps|texts))\.ts|openapi-fetch/,
  priority: 3,
}
const FOREIGN = { name: 'foreign', test: /node_modules/, priority: 2 }
const SHARED = { name: 'shared', test: /src\/(ui|lib|api)\//, priority: 1 }

/** A `.br` and a `.gz` beside each file, so that the service need not compress anything. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle() {
      const folder = join(OUT, 'assets')
      for (const name of readdirSync(folder)) {
        const content = readFileSync(join(folder, name))
        if (content.length < WORTH_PACKING) continue
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content))
        writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }))
      }
    },
  }
}

/** What the service writes into a page when it sends it (dashboard/pages.py). */
function placeholders(): Plugin {
  const values: Record<string, string> = {
    base: '',
    nonce: '',
    theme: 'system',
    facts: '{"version":"dev","notice":null,"first":{}}',
  }
  return {
    name: 'placeholders',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(/__(\w+)__/g, (all, name) => values[name] ?? all),
  }
}

export default defineConfig({
  plugins: [react(), tailwindcss(), packed(), placeholders()],
  appType: 'spa',
  server: { proxy: { '/api': SERVICE } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'], // those that know light-dark()
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: ['index.html', 'login.html'],
      output: { codeSplitting: { groups: [BOTH, FOREIGN, SHARED] } },
    },
  },
  experimental: {
    renderBuiltUrl: (name, { hostType }) =>
      hostType === 'html' ? `__base__/${name}` : { relative: true },
  },
})
