import { number, percent } from '../lib/format'
import { catalogue } from '../lib/texts'

const requestsOf = (count: number) => (count === 1 ? '1 request' : `${number(count)} requests`)

export const texts = catalogue({
  en: {
    title: 'Usage',
    empty: 'Nothing was used in this time.',
    connect: 'Connect a client',
    days: 'Time',
    lastDays: (days: number) => (days === 1 ? 'Today' : `Last ${days} days`),
    otherDays: 'Other days',
    from: 'First day',
    to: 'Last day',
    group: 'By',
    groups: { account: 'account', model: 'model', key: 'key', client: 'client' },
    names: { account: 'Account', model: 'Model', key: 'Key', client: 'Client' },
    measure: 'Show',
    measures: { cost: 'Cost', tokens: 'Tokens', requests: 'Requests' },
    compare: 'Compare with the time before',
    csv: 'CSV',
    totals: {
      title: 'In all',
      cost: 'Cost, estimated',
      tokens: 'Tokens',
      requests: 'Requests',
      cached: 'Input from the cache',
      errors: 'Errors',
    },
    change: (share: number) => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))} to before`,
    noBefore: 'The log does not go back that far.',
    perDay: 'Per day',
    table: 'In detail',
    columns: {
      requests: 'Requests',
      errors: 'Errors',
      input: 'Input',
      cached: 'Cached',
      output: 'Output',
      cost: 'Cost',
    },
    other: 'Other',
    nameless: 'Without one',
    unpriced: 'no price',
    unpricedNote: (models: string) => `Counted as free, because no price is known: ${models}.`,
    setPrice: 'Set a price',
    heat: 'When: requests by weekday and hour',
    fewest: '0',
    most: (requests: number) => requestsOf(requests),
    cell: (day: string, hour: string, requests: number) =>
      `${day} ${hour}: ${requestsOf(requests)}`,
    budgets: 'Budgets of keys',
    budget: (key: string, rule: string) => `${key}: ${rule}`,
  },
})
