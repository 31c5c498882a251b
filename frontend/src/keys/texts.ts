import { requestsOf } from '../lib/counts'
import { compact, money, number } from '../lib/format'
import { catalogue } from '../lib/texts'

export const texts = catalogue({
  en: {
    title: 'Keys',
    create: 'Create a key',
    empty:
      'No keys yet. A key lets a client in from anywhere, and says how much it may use. Each client should have its own.',
    table: 'API keys',
    columns: {
      name: 'Name',
      state: 'State',
      budget: 'Budgets',
      served: 'Served so far',
      used: 'Last used',
      models: 'Models',
      expires: 'Expires',
      actions: 'Actions',
    },
    states: { active: 'Active', disabled: 'Disabled', expired: 'Expired', spent: 'Budget spent' },
    allModels: 'all',
    noBudget: 'no limit',
    served: (requests: number, tokens: number, micros: number) =>
      `${requestsOf(requests)} · ${compact(tokens)} tokens · ${money(micros)}`,

    actionsOf: (name: string) => `Actions for ${name}`,
    edit: 'Edit',
    enable: 'Enable',
    disable: 'Disable',
    regenerate: 'Give a new secret',
    resetUsage: 'Begin every budget anew',
    delete: 'Delete',
    enabled: (name: string) => `${name} is enabled.`,
    disabled: (name: string) => `${name} is disabled. Its running requests end.`,
    deleted: (name: string) => `${name} is deleted.`,
    saved: (name: string) => `${name} is saved.`,
    usageReset: (name: string) => `Every budget of ${name} begins anew.`,

    deleteTitle: (name: string) => `Delete ${name}?`,
    deleteEffects: (requests: number) =>
      `Clients that show this key are refused from now on. What it served (${requestsOf(requests)}) stays in the log and in the usage.`,
    regenerateTitle: (name: string) => `A new secret for ${name}?`,
    regenerateText:
      'The present secret is dead at once, wherever it is in use. Budgets and settings stay.',

    sheet: {
      create: 'Create a key',
      edit: (name: string) => `Edit ${name}`,
      send: 'Create',
      missing: 'There is no such key any more.',
      name: 'Name',
      nameHint: 'Whose, or for what: “laptop”, “CI”',
      nameMissing: 'A key needs a name.',
      budget: 'Budget in dollars',
      budgetHint: 'Leave empty for no limit',
      budgetWindow: 'Budget per',
      expiry: 'Expires',
      expiries: {
        never: 'Never',
        '7d': 'In 7 days',
        '30d': 'In 30 days',
        '90d': 'In 90 days',
        on: 'On a date',
      },
      expiresOn: 'Date of expiry',
      expiresOnMissing: 'Choose a date.',
      more: 'More: models, efforts, accounts, further budgets',
      models: 'Models it may use',
      modelsHint: 'None chosen: all of them',
      hidden: 'Show Codex the other models as hidden',
      enforcedModel: 'Always use this model',
      asAsked: 'as the client asks',
      efforts: 'Efforts it may use',
      enforcedEffort: 'Always use this effort',
      tier: 'Always use this service tier',
      accounts: 'Accounts that serve it',
      accountsHint: 'None chosen: all of them',
      rules: 'Further budgets',
      addRule: 'Add a budget',
      removeRule: (rule: string) => `Remove the budget: ${rule}`,
      ruleKind: 'Counts',
      ruleWindow: 'Per',
      ruleMax: 'At most',
      ruleModel: 'Only this model',
      amountWrong: 'A number above zero, as 20 or 1.5M',
    },

    fresh: {
      title: (name: string) => `The key of ${name}`,
      once: 'This is the only time it is shown. Copy it now.',
      key: 'API key',
      copyKey: 'Copy the key',
      test: 'Test now',
      works: (models: number) =>
        models === 1
          ? 'It works: 1 model answers to it.'
          : `It works: ${number(models)} models answer to it.`,
      use: 'Use it with',
      done: 'Done',
    },

    checking: {
      off: 'Key checking is off',
      offText:
        'Programs on this machine are served without a key. A good key still counts for its budgets; anybody elsewhere needs one.',
      ask: 'Ask every client for a key',
      on: 'Every client must show a key now.',
      isOff: 'Clients on this machine need no key now.',
    },
  },
})
