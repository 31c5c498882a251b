import { number } from '../lib/format'
import { catalogue } from '../lib/texts'

const days = (count: number) => (count === 1 ? '1 day' : `${number(count)} days`)

export const texts = catalogue({
  en: {
    title: 'Settings',
    section: 'Section',
    sections: {
      general: 'General',
      security: 'Security',
      routing: 'Routing',
      access: 'Access',
      models: 'Models and prices',
      data: 'Data and retention',
      audit: 'Audit log',
      environment: 'Environment',
      about: 'About',
    },
    unknown: 'There is no such section.',
    find: 'Find a setting',
    found: (count: number) => (count === 1 ? '1 setting' : `${number(count)} settings`),
    noneFound: (words: string) => `No setting has “${words}” in it.`,
    clear: 'Show all again',

    on: 'on',
    off: 'off',
    changed: (usual: string) => `Changed. The default is ${usual}.`,
    toDefault: 'Back to default',
    toDefaultOf: (label: string) => `Back to default: ${label}`,
    follows: (variable: string) => `Set by ${variable}`,
    saved: (label: string, value: string) => `${label}: ${value}.`,
    undone: 'Undone.',
    conflict: 'Somebody else changed the settings meanwhile. This is how they are now; try again.',
    between: (least: string, most: string) => `A number from ${least} to ${most}`,
    whole: (least: string, most: string) => `A whole number from ${least} to ${most}`,
    days,
    forever: 'for ever',
    hours: (count: number) => (count === 1 ? '1 hour' : `${number(count)} hours`),
    seconds: (count: number) => `${number(count)} s`,
    asEnvironment: 'as by default',
    noAccount: 'none',
    chooseAccount: 'Choose an account',
    gone: 'an account that is gone',

    fields: {
      routingStrategy: {
        label: 'Which account serves',
        help: 'Of the accounts that could serve a request, how one is chosen.',
      },
      singleAccountId: {
        label: 'The single account',
        help: 'Serves everything. If it leaves the pool, “By what is left” takes over.',
      },
      relativeAvailabilityPower: {
        label: 'Favour for more left',
        help: 'How strongly accounts with more left per time are preferred; 1 is in proportion.',
      },
      relativeAvailabilityTopK: {
        label: 'Among how many of the best',
        help: 'How many accounts take turns.',
      },
      preferEarlierResetAccounts: {
        label: 'Prefer earlier resets',
        help: 'Of equals, the account whose window begins anew sooner: what would lapse is used first.',
      },
      preferEarlierResetWindow: {
        label: 'By which window',
        help: 'Whose reset counts for that.',
      },
      stickyThreadsEnabled: {
        label: 'Keep conversations on their account',
        help: 'Its prompt cache is warm there, so turns cost less quota and answer sooner.',
      },
      openaiCacheAffinityMaxAgeSeconds: {
        label: 'For how long, in minutes',
        help: 'After its last request, a conversation may go to another account.',
      },
      proxyAccountStreamLimit: {
        label: 'Requests at a time, per account',
        help: 'More of them wait for their turn.',
      },
      prohibitFastMode: {
        label: 'Never serve in fast mode',
        help: 'The priority tier is taken out of requests, whatever client or key ask: it uses quota up faster.',
      },
      apiKeyAuthEnabled: {
        label: 'Ask every client for a key',
        help: 'Whoever shows no good API key is refused, on this machine too. While it is off, programs on this machine need none.',
      },
      hideUpstreamQuotaFromApiKeys: {
        label: 'Hide the pool’s quota from keys',
        help: 'Clients with a key are not told what the pool has left: neither in headers nor in events, nor as usage.',
      },
      dashboardSessionTtlSeconds: {
        label: 'A session lasts',
        help: 'After that one signs in anew; and after 24 hours without use.',
      },
      totpRequiredOnLogin: {
        label: 'Ask for a code at sign-in',
        help: 'A code of the authenticator app beside the password.',
      },
      requestLogRetentionOverrideDays: {
        label: 'Keep requests for',
        help: 'Rows of the request log. Hourly sums stay for ever, so Usage keeps its past.',
      },
      usageHistoryRetentionOverrideDays: {
        label: 'Keep readings of quota for',
        help: 'What accounts had left, over time. Forecasts learn from it.',
      },
    },
    defaultDays: (count: number) => `by default (${count === 0 ? 'for ever' : days(count)})`,
    windows: { primary: 'The short one (5 hours)', secondary: 'The long one (week)' },
    strategies: {
      capacity_weighted: {
        label: 'By what is left',
        help: 'In turn, each as often as it has quota left.',
      },
      usage_weighted: {
        label: 'Least used first',
        help: 'Always the account that has most left.',
      },
      round_robin: {
        label: 'One after another',
        help: 'Each in its turn, whatever it has left.',
      },
      relative_availability: {
        label: 'By what is left until the reset',
        help: 'In turn among the best few: quota left per time to its reset.',
      },
      fill_first: {
        label: 'Fullest first',
        help: 'Uses one account up before the next, so that others stay fresh.',
      },
      sequential_drain: {
        label: 'Smallest plan first',
        help: 'Always in the same order, the smallest plans first.',
      },
      reset_drain: {
        label: 'Soonest reset first',
        help: 'The account whose quota lapses first.',
      },
      single_account: {
        label: 'One account only',
        help: 'The others serve nothing.',
      },
    },
    needs: {
      strategy: (name: string) => `Counts only with “${name}”.`,
      earlier: 'Counts only if earlier resets are preferred.',
      sticky: 'Counts only if conversations stay on their account.',
      codes: 'Set up codes first.',
    },
    shorten: {
      title: 'Delete what is older?',
      text: (what: string) => `${what}: what is older is deleted within the hour, for good.`,
      confirm: 'Delete what is older',
    },

    /** What the search finds beside the fields. */
    others: {
      theme: { label: 'Theme', help: 'Light, dark or as the system' },
      clock: { label: 'Time of day', help: '12 or 24 hours' },
      privacy: { label: 'Hide names and addresses', help: 'While the screen is shared' },
      shortcuts: { label: 'Shortcuts of single keys', help: 'Keyboard' },
      password: { label: 'Password', help: 'Set, change or remove it' },
      codes: { label: 'One-time codes', help: 'TOTP, two factors, authenticator, recovery codes' },
      sessions: { label: 'Sessions', help: 'Who is signed in, and sign-out of others' },
      models: {
        label: 'Models and prices',
        help: 'Which plans have which models, and what they cost',
      },
      backup: { label: 'Backups', help: 'A copy of the store' },
      move: {
        label: 'Move house',
        help: 'Export and import a bundle of accounts, keys and settings',
      },
      audit: { label: 'Audit log', help: 'What operators did, and when' },
      about: { label: 'Version', help: 'Version, Python, database, data directory, licence' },
      diagnostics: { label: 'Diagnostics', help: 'A file for a report, without secrets' },
      networks: {
        label: 'Networks',
        help: 'Firewall: addresses from which the proxy may be used',
      },
    },

    cards: {
      browser: 'This browser',
      strategy: 'Strategy',
      preferences: 'Conversations and limits',
      keys: 'API keys',
      networks: 'Networks',
      environment: 'In the environment',
    },
    browserOnly: 'Kept in this browser alone.',
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    clock: 'Time of day',
    clocks: { locale: 'As the browser', h23: '24 hours: 14:05', h12: '12 hours: 2:05 PM' },
    privacy: 'Hide names and addresses',
    privacyHint: 'Names of accounts and e-mail addresses are blurred, as for a shared screen.',
    shortcuts: 'Shortcuts of single keys',
    shortcutsHint: 'Press ? for the list. Ctrl+K works either way.',

    noKeys:
      'There is no API key yet. Once keys are asked for, nobody is served until there is one.',
    createKey: 'Create a key',
    needsRestart: 'Read at the start; a change needs a restart.',

    fromEnvironment: 'environment',
    notSet: 'not set',
    usual: (value: string) => `default: ${value}`,
    variables: {
      CODEX_LB_HOST:
        'Address to listen on. Any but a loopback address lets other machines connect.',
      CODEX_LB_PORT: 'Port to listen on.',
      CODEX_LB_DATA_DIR: 'Where everything is kept.',
      CODEX_LB_DATABASE_URL: 'A PostgreSQL database instead of SQLite.',
      CODEX_LB_ENCRYPTION_KEY_FILE:
        'The key that seals the accounts’ logins; else encryption.key in the data directory.',
      CODEX_LB_UPSTREAM_BASE_URL: 'The ChatGPT back end.',
      CODEX_LB_AUTH_BASE_URL: 'The host that renews the accounts’ logins.',
      CODEX_LB_ADMIN_API_TOKEN:
        'Whoever sends it may use the operator’s API, without password or code.',
      CODEX_LB_ALLOWED_HOSTS: 'Host names under which a caller on this machine counts as local.',
      CODEX_LB_TRUSTED_PROXIES: 'Reverse proxies whose X-Forwarded-For counts.',
      CODEX_LB_PROXY_UNAUTHENTICATED_CLIENT_CIDRS:
        'Networks whose clients may use the proxy without a key.',
      CODEX_LB_UPSTREAM_CONNECT_TIMEOUT_SECONDS:
        'How long a connection to upstream may take before the next account is tried.',
      CODEX_LB_FIRST_EVENT_TIMEOUT_SECONDS:
        'How long upstream may stay silent before its first event.',
      CODEX_LB_STREAM_IDLE_TIMEOUT_SECONDS: 'How long a running stream may stay silent.',
      CODEX_LB_SHUTDOWN_DRAIN_TIMEOUT_SECONDS:
        'How long running requests may go on after the first signal to stop.',
      CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT:
        'Requests one account serves at a time, unless Routing says otherwise.',
      CODEX_LB_MODEL_REGISTRY_ENABLED:
        'Whether upstream is asked for its models every five minutes.',
      CODEX_LB_TOKEN_REFRESH_INTERVAL_DAYS:
        'Age in days that no login reaches without being renewed.',
      CODEX_LB_OAUTH_CALLBACK_HOST: 'Where a browser is awaited that comes back from a sign-in.',
      CODEX_LB_OAUTH_CALLBACK_PORT: 'The port for that.',
      CODEX_LB_MAX_RESPONSES_BODY_MB: 'Largest request, in MiB after unpacking.',
      CODEX_LB_USAGE_REFRESH_ENABLED: 'Whether upstream is asked how much each account has left.',
      CODEX_LB_USAGE_REFRESH_INTERVAL_SECONDS: 'How long until every account has been asked once.',
      CODEX_LB_REQUEST_LOG_RETENTION_DAYS:
        'Days for which requests are kept, unless “Data and retention” says otherwise.',
      CODEX_LB_LOG_FORMAT: 'Text for people, JSON for collectors.',
      CODEX_LB_BASE_PATH: 'Path below which a reverse proxy serves us.',
    },

    password: {
      card: 'Password',
      unset: 'Whoever is at this machine gets in; from elsewhere nobody does.',
      isSet: 'Whoever looks after this service signs in with it.',
      set: 'Set a password',
      change: 'Change the password',
      remove: 'Remove the password',
      removeText:
        'Whoever is at this machine gets in without. Codes are switched off and every session ends.',
      ends: 'Every other session ends.',
      current: 'Present password',
      fresh: 'New password',
      repeat: 'The same again',
      short: (least: number) => `At least ${number(least)} characters are needed.`,
      different: 'The two are not the same.',
      strength: 'Strength',
      strengths: {
        weak: 'Soon guessed: make it longer, as of four words',
        fair: 'Fair: longer is better',
        strong: 'Strong',
      },
      done: {
        set: 'The password is set.',
        change: 'The password is changed.',
        remove: 'The password is removed.',
      },
    },

    codes: {
      card: 'One-time codes',
      unset:
        'Beside the password, an authenticator app shows a code that changes every 30 seconds.',
      needsPassword: 'They need a password first.',
      isSet: (left: number) =>
        left === 1
          ? 'Set up. 1 recovery code is left.'
          : `Set up. ${number(left)} recovery codes are left.`,
      few: 'Few recovery codes are left. Switch codes off and set them up anew to get more.',
      setUp: 'Set up codes',
      disable: 'Switch codes off',
      disableText: 'Signing in takes the password alone then. Enter a code, or a recovery code.',
      scan: 'Scan this with an authenticator app, or type the secret into it.',
      qr: 'QR code of the secret',
      secret: 'Secret',
      copySecret: 'Copy the secret',
      code: 'Code that the app shows',
      anyCode: 'Code',
      confirm: 'Confirm',
      kept: 'Recovery codes',
      keptText:
        'Each lets you in once when the app is not at hand. They are shown now and never again: keep them where the app is not.',
      download: 'Download',
      copyAll: 'Copy all',
      done: 'I have kept them',
      warned: 'They are never shown again. Close once more if you have kept them.',
      isOn: 'Signing in takes a code now.',
      isOff: 'Codes are switched off.',
    },

    sessions: {
      card: 'Sessions',
      none: 'Nobody is signed in.',
      list: 'Sessions',
      this: 'this browser',
      unknown: 'Unknown program',
      on: (browser: string, system: string) => `${browser} on ${system}`,
      from: (address: string) => `from ${address}`,
      since: 'signed in',
      seen: 'last seen',
      end: (name: string) => `End the session of ${name}`,
      endShort: 'End',
      endOthers: 'End all others',
      ended: 'The session has ended.',
      othersEnded: 'All other sessions have ended.',
    },

    models: {
      card: 'Models and prices',
      intro:
        'What the accounts of the pool offer, as upstream tells it. Prices are in dollars per million tokens of the standard tier; they count for the cost of requests and for budgets.',
      none: 'No models are known yet. They are asked for once there is an account.',
      columns: {
        model: 'Model',
        plans: 'Plans',
        input: 'Input',
        cached: 'Cached',
        output: 'Output',
        price: 'Price',
      },
      anyPlan: 'any',
      states: { known: 'Known', estimated: 'Estimated', unknown: 'Unknown', own: 'Your own' },
      set: 'Change the price',
      setOf: (model: string) => `Change the price of ${model}`,
      estimated: 'Estimated: by the rates of the model most like it.',
      unknown:
        'Unknown: its requests cost nothing that is known, and keys with a budget in dollars may not use it.',
      rates: (input: string, output: string) => `${input} in, ${output} out`,
    },

    price: {
      title: (model: string) => `What ${model} costs`,
      about:
        'Dollars per million tokens. It holds from the next request on; what is logged keeps its cost.',
      wrong: 'An amount in dollars, as 1.25',
      clear: 'Back to the list price',
      set: (model: string) => `The price of ${model} is saved.`,
      cleared: (model: string) => `${model} costs what the list says again.`,
    },

    data: {
      retention: 'Retention',
      backup: 'Backups',
      backupText:
        'A whole copy of the store, also while the service runs. The five newest stay in the data directory, below backups.',
      postgresText: 'On PostgreSQL its own tools make backups.',
      terminal: 'In the terminal',
      move: 'Move house',
      moveText:
        'One sealed file with accounts and their logins, API keys with their limits, settings and networks. Password and codes stay behind.',
      moveWarning:
        'Stop the old service for good before the new one serves: two that renew the same login lose it both.',
      export: 'Take everything out',
      import: 'Bring it in',
      passphrase: 'Passphrase',
      passphraseHint: (least: number) =>
        `At least ${number(least)} characters. Without it, nobody opens the file.`,
      repeat: 'The same again',
      short: (least: number) => `At least ${number(least)} characters are needed.`,
      different: 'The two are not the same.',
      history: 'With the newest 100,000 requests',
      send: 'Download',
      exported: 'The file is downloaded.',
      file: 'File',
      fileMissing: 'Choose a file.',
      look: 'Look inside',
      lookText: 'First it is shown what would become of each record. Nothing changes yet.',
      preview: 'What would become of each record',
      invalid: 'Something in it cannot be right. Bring the rest in without it?',
      skip: 'Leave out what cannot be right',
      act: 'Bring it in',
      imported: (count: number) =>
        count === 0
          ? 'All of it was here already.'
          : count === 1
            ? '1 record is in force.'
            : `${number(count)} records are in force.`,
      kinds: {
        account: 'Account',
        'api key': 'API key',
        setting: 'Setting',
        'address list': 'Networks',
        'request log': 'Requests',
        other: 'Other',
      },
      fates: {
        new: 'new',
        replaces: 'replaces what is there',
        unchanged: 'unchanged',
        invalid: 'cannot be right',
        'left out': 'left out',
      },
    },

    audit: {
      card: 'Audit log',
      intro: 'What operators changed or took out, and wrong passwords and codes. Kept for a year.',
      filter: 'Only',
      all: 'Everything',
      none: 'Nothing yet.',
      more: 'Show older ones',
      columns: { when: 'When', what: 'What', who: 'Who' },
      actors: {
        session: 'signed in',
        token: 'admin token',
        local: 'this machine',
        'command line': 'command line',
        anonymous: 'anonymous',
      },
      from: (actor: string, address: string) => `${actor}, ${address}`,
      failed: (action: string) => `${action}: refused`,
      actions: {
        log_in: 'Signed in',
        log_out: 'Signed out',
        verify_totp: 'Gave a code',
        set_password: 'Set the password',
        change_password: 'Changed the password',
        remove_password: 'Removed the password',
        reset_password: 'Reset the password',
        start_totp_setup: 'Began to set up codes',
        confirm_totp_setup: 'Set up codes',
        disable_totp: 'Switched codes off',
        end_session: 'Ended a session',
        update_settings: 'Changed settings',
        create_api_key: 'Created a key',
        update_api_key: 'Changed a key',
        regenerate_api_key: 'Gave a key a new secret',
        delete_api_key: 'Deleted a key',
        import_account: 'Imported accounts',
        update_account: 'Changed an account',
        set_account_alias: 'Renamed an account',
        set_account_routing_policy: 'Changed an account’s policy',
        pause_account: 'Paused an account',
        reactivate_account: 'Resumed an account',
        probe_account: 'Probed an account',
        delete_account: 'Deleted an account',
        export_account_auth: 'Took a login out',
        start_oauth: 'Began a sign-in of an account',
        add_firewall_ip: 'Listed a network',
        remove_firewall_ip: 'Took a network off the list',
        export_bundle: 'Took everything out',
        import_bundle: 'Brought a bundle in',
      },
    },

    about: {
      card: 'This installation',
      version: 'Version',
      python: 'Python',
      database: 'Database',
      databases: { sqlite: 'SQLite', postgresql: 'PostgreSQL' },
      dataDir: 'Data directory',
      api: 'Description of the API',
      licences: 'Licence',
      licence: 'codex-lb is under the MIT licence. Not made or endorsed by OpenAI.',
      parts:
        'This page is built with React, TanStack Query, wouter, openapi-fetch, Radix and Tailwind (MIT) and Lucide (ISC).',
      diagnostics: 'Diagnostics',
      diagnosticsText:
        'A file to attach to a report: version, what is set, and how the pool does. No names, addresses, keys or logins are in it; look before you send it.',
      download: 'Download diagnostics',
    },

    networks: {
      open: 'Nothing is listed, so every address is let in.',
      closed: 'Only these may use the proxy, with a key or without. Others are refused.',
      add: 'Address or network',
      addHint: 'As 192.168.1.7 or 10.0.0.0/8',
      send: 'Add',
      since: (date: string) => `since ${date}`,
      remove: (network: string) => `Remove ${network}`,
      list: 'Networks that may use the proxy',
      added: (network: string) => `${network} may use the proxy.`,
      removed: (network: string) => `${network} is off the list.`,
      firstTitle: 'Only this one from now on?',
      firstText: (network: string) =>
        `${network} will be the only one that may use the proxy. Everybody else is refused, programs on this machine too unless 127.0.0.1 and ::1 are listed. The dashboard stays within reach.`,
      firstConfirm: 'Lock everybody else out',
      lastTitle: 'Open the proxy again?',
      lastText: 'With the last address the list is empty, and every address is let in again.',
      lastConfirm: 'Let every address in',
    },
  },
})
