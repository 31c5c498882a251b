import { number, percent } from '../lib/format'
import { catalogue } from '../lib/texts'

const accounts = (count: number) => (count === 1 ? '1 account' : `${number(count)} accounts`)
const these = (count: number) => (count === 1 ? 'The account is' : `${accounts(count)} are`)
const errors = (count: number) => (count === 1 ? '1 error' : `${number(count)} errors`)

export const texts = catalogue({
  en: {
    title: 'Accounts',
    add: 'Add an account',
    empty: 'No accounts yet. Sign in to ChatGPT, or import what the Codex CLI has stored.',
    noMatch: 'No account fits these filters.',
    clear: 'Clear the filters',
    filter: 'Filter by name, plan or reason',
    state: 'State',
    allStates: 'All states',
    group: 'Group',
    groups: {
      none: 'Not grouped',
      plan: 'By plan',
      state: 'By state',
      workspace: 'By workspace',
    },
    noWorkspace: 'Without a workspace',
    shown: (shown: number, total: number) =>
      shown === total ? accounts(total) : `${number(shown)} of ${accounts(total)}`,
    columns: {
      select: 'Selected',
      name: 'Account',
      state: 'State',
      short: '5 hours',
      long: 'Week',
      inFlight: 'Now',
      day: '24 h',
      cost: 'Cost 7 d',
      signIn: 'Sign-in',
      policy: 'Policy',
      actions: 'Actions',
    },
    states: {
      serving: 'Serving',
      low: 'Little left',
      resting: 'Resting',
      limited: 'Limit reached',
      paused: 'Paused',
      signIn: 'Signed out',
      deactivated: 'Deactivated',
    },
    windows: { short: '5 hours', weekly: 'Week', monthly: 'Month' },
    resets: (at: string) => `resets ${at}`,
    unknown: 'not told yet',
    duplicate: 'Duplicate',
    duplicateHint: 'Another account has the same e-mail address.',
    since: (at: string) => `since ${at}`,
    back: (at: string, until: string) => `back ${at} (in ${until}), told by ChatGPT`,
    backIn: (until: string) => `back in ${until}`,
    asked: (at: string, until: string) => `tried again ${at} (in ${until})`,
    askedIn: (until: string) => `tried again in ${until}`,
    running: (count: number) => `${number(count)} in flight`,
    day: (requests: number, failed: number) =>
      `${requests === 1 ? '1 request' : `${number(requests)} requests`}, ${errors(failed)} in 24 hours`,
    errors,
    signedIn: 'Signed in',
    signIns: {
      signed_in: 'Signed in',
      refused: 'Refused',
      sign_in_again: 'Sign in again',
      deactivated: 'Deactivated',
    },
    renewedBy: (at: string) => `until ${at}`,
    renewsItself: (ago: string) => `It renews itself. Last renewed ${ago}.`,
    policies: {
      burn_first: { name: 'First', text: 'Used up before the others' },
      normal: { name: 'Normal', text: 'Takes turns with the others, by what is left' },
      preserve: { name: 'Last', text: 'Kept back until no other account can serve' },
    },

    actionsOf: (name: string) => `Actions for ${name}`,
    select: (name: string) => `Select ${name}`,
    selected: (count: number) => `${accounts(count)} selected`,
    selectAll: (count: number) => `Select all ${number(count)}`,
    unselect: 'Clear the selection',
    open: 'Open',
    pause: 'Pause',
    resume: 'Resume',
    probe: 'Try now',
    prefer: (name: string) => `Use ${name.toLowerCase()}`,
    usePolicy: 'Use',
    signInAgain: 'Sign in again',
    onlyPaused: 'It is not paused',
    notNow: 'It is not in use',

    paused: (count: number) => `${these(count)} paused.`,
    resumed: (count: number) => `${these(count)} in use again.`,
    preferred: (count: number, policy: string) =>
      `${these(count)} used ${policy.toLowerCase()} now.`,
    failed: (failed: number, of: number, why: string) =>
      of === 1 ? why : `${number(failed)} of ${accounts(of)} refused: ${why}`,
    notAnswered: 'ChatGPT did not answer.',
    probed: (status: number, short: number | null, long: number | null) => {
      const left = [
        short === null ? null : `${percent(short)} left of 5 hours`,
        long === null ? null : `${percent(long)} left of the week`,
      ].filter(Boolean)
      const outcome = left.length > 0 ? left.join(', ') : 'no limits told'
      return status === 200
        ? `ChatGPT says: ${outcome}.`
        : `ChatGPT answered ${status}: ${outcome}.`
    },
    probedMany: (asked: number, serving: number) =>
      `${accounts(asked)} asked, ${number(serving)} can serve.`,
  },
})
