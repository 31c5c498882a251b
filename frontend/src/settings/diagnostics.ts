/** What a report may tell. Everything in it is picked by hand, so that nothing new slips in. Pure. */

import type { Schema } from '../api/queries'
import type { Document } from './fields'

type Overview = Schema['OverviewDocument']
type Pool = Pick<Overview, 'verdict' | 'now' | 'capacity'> & {
  setup: Pick<Overview['setup'], 'hasRequests'>
}
type Browser = { agent: string; stream: string }

// Names of accounts, hosts and directories are nobody's business; numbers and switches are.
const PLAIN = /^(\d+(\.\d+)?|true|false|text|json)$/

export function diagnostics(
  { generatedAt, about, operator, environment, security, models }: Document,
  { verdict, now, setup, capacity }: Pool,
  browser: Browser,
) {
  return {
    generatedAt,
    version: about.version,
    python: about.python,
    database: about.database,
    browser,
    settings: Object.fromEntries(
      operator
        .filter(({ source }) => source !== 'default')
        .map(({ name, value }) => [name, name === 'singleAccountId' ? '(set)' : value]),
    ),
    environment: Object.fromEntries(
      environment
        .filter(({ source }) => source !== 'default')
        .map(({ name, value }) => [name, PLAIN.test(String(value)) ? value : '(set)']),
    ),
    security: {
      hasPassword: security.hasPassword,
      totpConfigured: security.totpConfigured,
      hasAdminToken: security.hasAdminToken,
      sessions: security.sessions,
    },
    unpricedModels: models.filter(({ rates }) => rates === null).map(({ id }) => id),
    pool: {
      level: verdict.level,
      serving: verdict.serving,
      total: verdict.total,
      hasRequests: setup.hasRequests,
      windows: capacity.map(({ kind, leftPercent }) => ({ kind, leftPercent })),
    },
    traffic: {
      requestsPerMinute: now.requestsPerMinute,
      errorRate: now.errorRate,
      firstEventP50Ms: now.firstEventP50Ms,
      firstEventP95Ms: now.firstEventP95Ms,
    },
  }
}
