import { requestsOf } from '../lib/counts'
import { number, percent } from '../lib/format'
import { catalogue } from '../lib/texts'

const accounts = (count: number) => (count === 1 ? '1 account' : `${number(count)} accounts`)

export const texts = catalogue({
  en: {
    title: 'Overview',
    verdict: {
      can: (serving: number, total: number) =>
        serving === total
          ? total === 1
            ? 'Your account can serve.'
            : `All ${accounts(total)} can serve.`
          : `${number(serving)} of ${accounts(total)} can serve.`,
      none: (total: number) =>
        total === 0 ? 'Every account is paused.' : `None of ${accounts(total)} can serve.`,
      setup: 'Three steps until the first answer.',
      lasts: (at: string) => `At this pace the pool lasts until ${at}.`,
      enough: 'At this pace the pool lasts until its limits reset.',
      backAt: (at: string, until: string) => `Back at ${at}, in ${until}.`,
      nextBack: (at: string, until: string) => `The next one is back at ${at}, in ${until}.`,
      noWay: 'See below what to do.',
      levels: {
        ok: 'Serving',
        degraded: 'Serving with less',
        down: 'Not serving',
        setup: 'Set up',
      },
    },
    setup: {
      title: 'First steps',
      done: 'done',
      toDo: 'to do',
      secure: 'Secure it',
      secureText: 'Set a password, or leave it to this machine only.',
      account: 'Add an account',
      accountText: 'Sign in to ChatGPT, or import what the Codex CLI has stored.',
      client: 'Connect a client',
      clientText: 'Copy the configuration and send a first request.',
    },
    capacity: {
      title: 'Capacity',
      windows: { short: '5 hours', weekly: 'Week', monthly: 'Month' },
      segment: (name: string, left: string, resets: string | null) =>
        `${name}: ${left}${resets ? `, resets ${resets}` : ''}`,
      unknown: 'not measured yet',
      next: (gain: string, at: string, until: string) => `+${gain} at ${at}, in ${until}`,
      runsOut: (at: string) => `Runs out ${at} at this pace`,
      lasts: 'Lasts until its reset at this pace',
      hidden: (why: string) => `No forecast: ${why}`,
      spent: 'Spent',
      empty: 'No account has told its limits yet. They come with the first answer.',
    },
    attention: {
      title: 'Needs attention',
      none: 'Nothing needs you.',
      severities: { high: 'urgent', medium: 'soon', low: 'for information' },
      kinds: {
        sign_in: ['needs a new sign-in', 'Sign in again'],
        deactivated: ['was deactivated by ChatGPT', 'See the account'],
        limited: ['rests', 'See the account'],
        key_budget: ['has little of its budget left', 'See the key'],
        key_spent: ['has spent its budget', 'Raise the budget'],
        failures: ['Many requests fail', 'See the failures'],
        unpriced: ['has no price: its cost counts as zero', 'Set a price'],
      },
      failing: (share: number) => `${percent(share)} in the last five minutes`,
      left: (share: number) => `${percent(Math.max(0, 1 - share))} left`,
      back: (at: string, until: string) => `back at ${at}, in ${until}`,
      anew: (at: string, until: string) => `begins anew ${at}, in ${until}`,
      since: (at: string) => `since ${at}`,
    },
    now: {
      title: 'Now',
      inFlight: 'In flight',
      requests: 'Requests per minute',
      tokens: 'Tokens per minute',
      p50: 'First token, half within',
      p95: 'First token, 95% within',
      errors: 'Errors, last 5 min',
      idle: '–',
    },
    traffic: {
      title: 'Requests',
      by: 'By',
      groups: {
        outcome: 'outcome',
        model: 'model',
        account: 'account',
        key: 'key',
        client: 'client',
      },
      other: 'Other',
      none: 'without a name',
      empty: 'No requests in this time.',
    },
    top: {
      title: 'Most used',
      kinds: { models: 'Models', clients: 'Clients', keys: 'Keys' },
      line: (requests: number, tokens: string, cost: string) =>
        `${requestsOf(requests)} · ${tokens} tokens · ${cost}`,
      none: 'None yet.',
      nameless: 'Without one',
    },
    latest: {
      title: 'Latest requests',
      all: 'All requests',
      columns: {
        outcome: 'Outcome',
        model: 'Model',
        account: 'Account',
        time: 'When',
        took: 'Took',
        tokens: 'Tokens',
        cost: 'Cost',
      },
    },
  },
})
