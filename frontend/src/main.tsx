/** The dashboard, put into its page. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Router } from 'wouter'

import './style.css'

import { keepFresh, pollEvery } from './api/live'
import { Problem } from './api/problem'
import { base, nonce } from './lib/facts'
import { App } from './shell/App'

// By this name, libraries that add style sheets look for the page's nonce.
Object.assign(globalThis, { __webpack_nonce__: nonce })

// After an update the files of the old version are gone. While nobody answers, this page is better
// than none.
window.addEventListener('vite:preloadError', () => {
  fetch(`${base}/health`).then(
    () => window.location.reload(),
    () => undefined,
  )
})

const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchInterval: pollEvery,
      retry: (failures, error) => failures < 2 && Problem.of(error).status === 0,
    },
  },
})
keepFresh(cache)

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <Router base={base}>
          <App />
        </Router>
      </QueryClientProvider>
    </StrictMode>,
  )
}
