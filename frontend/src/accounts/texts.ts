import { requestsOf } from '../lib/counts'
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
    duplicateHint:
      'Another account has the same e-mail address: in a second workspace, or by mistake.',
    since: (at: string) => `since ${at}`,
    back: (at: string, until: string) => `back ${at} (in ${until}), told by ChatGPT`,
    backIn: (until: string) => `back in ${until}`,
    asked: (at: string, until: string) => `tried again ${at} (in ${until})`,
    askedIn: (until: string) => `tried again in ${until}`,
    running: (count: number) => `${number(count)} in flight`,
    day: (requests: number, failed: number) => `${requestsOf(requests)}, ${errors(failed)}`,
    inDay: (what: string) => `${what} in 24 hours`,
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
      burn_first: { name: 'First', how: 'first', text: 'Used up before the others' },
      normal: {
        name: 'Normal',
        how: 'normally',
        text: 'Takes turns with the others, by what is left',
      },
      preserve: { name: 'Last', how: 'last', text: 'Kept back until no other account can serve' },
    },

    select: (name: string) => `Select ${name}`,
    selected: (count: number) => `${accounts(count)} selected`,
    selectAll: (count: number) => `Select all ${number(count)}`,
    unselect: 'Clear the selection',
    open: 'Open',
    pause: 'Pause',
    resume: 'Resume',
    probe: 'Try now',
    prefer: (how: string) => `Use ${how}`,
    usePolicy: 'Policy',
    signInAgain: 'Sign in again',
    onlyPaused: 'It is not paused',
    notNow: 'It is not in use',

    paused: (count: number) => `${these(count)} paused.`,
    resumed: (count: number) => `${these(count)} in use again.`,
    preferred: (count: number, how: string) => `${these(count)} used ${how} now.`,
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

    next: {
      serving: 'It takes requests.',
      low: 'It takes requests while something is left.',
      resting: 'It is tried again by itself. “Try now” does so at once.',
      limited: 'It serves again by itself then. “Try now” asks ChatGPT at once.',
      paused: 'It serves again when you resume it.',
      signIn: 'It serves again when you have signed it in.',
      deactivated: 'Resume it to see whether it is back, or delete it.',
    },
    detail: {
      title: 'Account',
      missing: 'There is no such account. It may have been deleted.',
      toAll: 'All accounts',
      left: 'What is left',
      measured: 'measured',
      in: (until: string) => `in ${until}`,
      noWindows: 'ChatGPT has not told its limits yet. They come with the first answer.',
      extra: (name: string, minutes: number | null) =>
        minutes === null ? name : `${name}, ${number(Math.round(minutes / 60))} h`,
      danger: 'Take out or delete',
      export: 'Export the sign-in',
      delete: 'Delete the account',
    },
    history: {
      title: 'The last week',
      none: 'Nothing has been measured yet.',
      now: 'now',
      lines: { short: '5 hours', weekly: 'Week', monthly: 'Month', pace: 'Even pace' },
      at: (line: string, left: string) => `${line} ${left} left`,
      reset: (times: string) => `Reset ${times}`,
      pace: (left: string, even: number | null) =>
        even === null
          ? 'What was left, hour by hour.'
          : `${left} is left; an even pace would leave ${percent(even)}.`,
    },
    events: {
      title: 'What happened',
      none: 'Nothing yet.',
      older: (count: number) => `${number(count)} older`,
      kinds: {
        added: 'Added',
        signed_in: 'Signed in again',
        refreshed: 'Sign-in renewed',
        refresh_failed: 'Sign-in could not be renewed',
        limited: 'Limit reached',
        recovered: 'Serves again',
        paused: 'Paused',
        reactivated: 'Let serve again',
        probed: 'Tried at once',
        reauth_required: 'Needs a new sign-in',
        deactivated: 'Deactivated',
        failed_over: 'A request went on to another account',
        plan_changed: 'Plan changed',
      },
      by: { operator: ' by the operator', upstream: ', told by ChatGPT', 'codex-lb': '' } as Record<
        string,
        string
      >,
    },
    findings: {
      passedOver: 'Passed over',
      among: (among: number, never: boolean) => {
        if (among === 0) return 'No requests yet.'
        const newest = among === 1 ? 'The last request' : `Of the last ${number(among)} requests`
        if (never) return among === 1 ? `${newest} did not.` : `${newest}, none passed it over.`
        return `${newest}, so many passed it over because:`
      },
      errors: 'Last errors',
      noErrors: 'None in the log.',
      keys: 'Keys',
      noKeys: 'No key is bound to it. It serves every key that may use any account.',
      boundKeys: 'These keys may use chosen accounts only, and this is one of them:',
    },
    facts: {
      title: 'Facts',
      email: 'E-mail',
      workspace: 'Workspace',
      seat: 'Seat',
      signIn: 'Sign-in',
      renewal: 'Renewed',
      expires: (at: string, until: string) => `by itself, before ${at} (in ${until})`,
      renewed: 'Last renewed',
      running: 'In flight',
      day: 'Last 24 hours',
      week: 'Cost, 7 days',
      ever: 'In all',
      served: (requests: number, tokens: string, cost: string) =>
        `${requestsOf(requests)}, ${tokens} tokens, ${cost}`,
      credits: 'Credits',
      unlimited: 'unlimited',
      resets: 'Resets to redeem',
    },
    preferences: {
      title: 'Preferences',
      alias: 'Name',
      aliasHint: 'Shown instead of the e-mail address',
      saved: 'The name is saved.',
      policy: 'When it is used',
    },
    export: {
      title: 'Export the sign-in?',
      text: 'The file holds the tokens of this account in clear: whoever has it can use the account. Only one program can renew a sign-in: once another one uses the file, it ends here.',
      form: 'For',
      forms: { codex: 'Codex CLI', opencode: 'OpenCode' },
      places: {
        codex: 'auth.json, to be put at ~/.codex/auth.json',
        opencode: 'auth.json, to be put at ~/.local/share/opencode/auth.json',
      },
      take: 'Download',
      done: (file: string) => `${file} is downloaded. Keep it like a password.`,
    },
    deletion: {
      title: 'Delete this account?',
      effects: (keys: number, rows: number, withHistory: boolean) => {
        const bound = keys === 1 ? '1 key loses' : `${number(keys)} keys lose`
        const log = rows === 1 ? '1 log row' : `${number(rows)} log rows`
        const rowsGo = withHistory ? 'deleted too' : 'kept'
        return [
          'Its sign-in is forgotten.',
          keys > 0 && `${bound} this account.`,
          rows > 0 && `${log} ${rows === 1 ? 'is' : 'are'} ${rowsGo}.`,
        ]
          .filter(Boolean)
          .join(' ')
      },
      history: (rows: number) => `Delete its ${number(rows)} log rows too`,
      done: 'The account is deleted.',
    },
  },
})
